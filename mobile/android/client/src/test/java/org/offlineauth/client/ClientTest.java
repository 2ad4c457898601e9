package org.offlineauth.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;

/** What a client does and refuses, whatever the system under it. */
final class ClientTest {
  private static final String CERTIFICATE = "b2".repeat(32);

  private final FakeServer server = new FakeServer();
  private final MemoryStore store = new MemoryStore();
  private boolean installed = true;
  private boolean signed = true;
  private Consumer<Wire.Canceller> onTheWay = canceller -> {};

  private final Device device =
      new Device() {
        @Override
        public void refuseMainThread() {}

        @Override
        public boolean isInstalled(Pin pin) throws UnverifiedServiceException {
          if (installed && !signed) {
            throw new UnverifiedServiceException(pin.packageName(), "another certificate");
          }
          return installed;
        }

        @Override
        public Service service(ServiceAddress address, Pin pin) {
          Wire wire =
              (request, canceller) -> {
                onTheWay.accept(canceller);
                return server.answer(request);
              };
          return new Service() {
            @Override
            public Wire endpoints() {
              return wire;
            }

            @Override
            public Wire apis() {
              return wire;
            }
          };
        }
      };

  private final OkHttpClient network =
      new OkHttpClient.Builder().addInterceptor(chain -> answered("network", chain.request())).build();

  private Response answered(String way, Request request) throws IOException {
    server.seen.add(way);
    return server.answer(request);
  }

  private Client client() {
    Configuration configuration =
        new Configuration.Builder(FakeServer.ISSUER, "maths", "com.example.maths:/done").scopes("openid", "notes")
            .pin(new Pin("com.example.auth", CERTIFICATE)).network(network).build();
    return new Client(device, configuration, store);
  }

  private String redirect(String state, String rest) {
    return "com.example.maths:/done?code=c&state=" + state + "&iss=" + StrictUri.encode(FakeServer.ISSUER) + rest;
  }

  private String started(Client client) throws Exception {
    client.start();
    return server.pushed().get("state");
  }

  private OkHttpClient loggedIn(Client client) throws Exception {
    return client.finish(redirect(started(client), "&ipc-service=com.example.auth"));
  }

  private static String get(OkHttpClient http, String url) throws IOException {
    try (Response response = http.newCall(new Request.Builder().url(url).build()).execute()) {
      return response.code() + " " + response.body().string();
    }
  }

  @Test
  void aRequestIsPushedFirst() throws Exception {
    Login login = client().start();
    assertEquals("com.example.auth", login.packageName());
    assertEquals(FakeServer.ISSUER + "/authorize?client_id=maths&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax", login.link());
    Map<String, String> pushed = server.pushed();
    assertEquals("code", pushed.get("response_type"));
    assertEquals("S256", pushed.get("code_challenge_method"));
    assertEquals(43, pushed.get("code_challenge").length());
    assertEquals("openid notes", pushed.get("scope"));
    assertEquals("com.example.maths:/done", pushed.get("redirect_uri"));
  }

  /** RFC 7636 appendix B. */
  @Test
  void theChallengeIsOfTheVerifier() {
    Waiting.Login login = new Waiting.Login("s", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "", 0);
    assertEquals("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", login.challenge());
  }

  @Test
  void withoutTheAppTheLinkIsForTheBrowserAndTheNetworkIsUsed() throws Exception {
    installed = false;
    Client client = client();
    Login login = client.start();
    assertNull(login.packageName());
    assertTrue(server.seen.isEmpty(), "sent " + server.seen);
    server.nonceOf(login.link());
    String state = StrictUri.parse("link", login.link(), 8192).parameters("link").get("state").get(0);
    OkHttpClient http = client.finish(redirect(state, ""));
    assertEquals("200 hello", get(http, FakeServer.ISSUER + "/notes"));
    assertTrue(server.seen.contains("network"));
  }

  @Test
  void aWholeLoginOnTheDevice() throws Exception {
    Client client = client();
    OkHttpClient http = loggedIn(client);
    assertEquals("200 hello", get(http, FakeServer.ISSUER + "/notes"));
    assertFalse(server.seen.contains("network"), "the two ways are never mixed");
    assertEquals("200 hello", get(client().httpClient(), FakeServer.ISSUER + "/notes"), "in a new process");
    client.revoke();
    assertThrows(LoginRequiredException.class, client::httpClient);
    assertThrows(LoginRequiredException.class, () -> get(http, FakeServer.ISSUER + "/notes"));
  }

  @Test
  void theOlderNameOfTheParameterIsRead() throws Exception {
    Client client = client();
    client.finish(redirect(started(client), "&ipc-server=android%3Acom.example.auth%2F.Service"));
  }

  @Test
  void theTokenGoesToNoOtherOrigin() throws Exception {
    OkHttpClient http = loggedIn(client());
    int before = server.seen.size();
    for (String other : new String[] {"https://evil.example/", "http://auth.example/", "https://auth.example:8443/"}) {
      assertThrows(OtherOriginException.class, () -> get(http, other), other);
    }
    assertEquals(before, server.seen.size());
  }

  @Test
  void nothingIsSentToAServiceThatIsNotPinned() throws Exception {
    Client client = client();
    String state = started(client);
    server.seen.clear();
    for (String service : new String[] {"com.example.evil", "unix%3A%2Ftmp%2Fa", "nonsense", "com.example.auth%2C"}) {
      assertThrows(UnverifiedServiceException.class, () -> client.finish(redirect(state, "&ipc-service=" + service)), service);
    }
    signed = false;
    assertThrows(UnverifiedServiceException.class, () -> client.finish(redirect(state, "&ipc-service=com.example.auth")));
    assertThrows(UnverifiedServiceException.class, client::start);
    installed = false;
    assertThrows(UnverifiedServiceException.class, () -> client.finish(redirect(state, "&ipc-service=com.example.auth")));
    assertTrue(server.seen.isEmpty(), "sent " + server.seen);
    installed = signed = true;
    client.finish(redirect(state, "&ipc-service=com.example.auth")); // the login went on waiting
  }

  @Test
  void redirectsOfOthersLeaveTheLoginWaiting() throws Exception {
    Client client = client();
    String state = started(client);
    server.seen.clear();
    refused(RedirectException.Reason.REDIRECT, client, "com.example.other:/done?code=c&state=" + state);
    refused(RedirectException.Reason.REDIRECT, client, redirect(state, "&state=" + state));
    refused(RedirectException.Reason.REDIRECT, client, redirect(state, "&ipc-service=com.example.auth&ipc-server=com.example.evil"));
    refused(RedirectException.Reason.REDIRECT, client, null);
    refused(RedirectException.Reason.STATE, client, redirect("guessed", "&ipc-service=com.example.evil"));
    refused(RedirectException.Reason.STATE, client, "com.example.maths:/done?code=c&iss=" + StrictUri.encode(FakeServer.ISSUER));
    refused(RedirectException.Reason.ISSUER, client, "com.example.maths:/done?code=c&state=" + state);
    // iss is looked at before ipc-service is.
    refused(RedirectException.Reason.ISSUER, client, "com.example.maths:/done?code=c&ipc-service=com.example.evil&iss=https%3A%2F%2Fevil.example&state=" + state);
    assertTrue(server.seen.isEmpty(), "sent " + server.seen);
    client.finish(redirect(state, "&ipc-service=com.example.auth"));
    refused(RedirectException.Reason.NO_LOGIN, client, redirect(state, "&ipc-service=com.example.auth"));
  }

  private static void refused(RedirectException.Reason reason, Client client, String redirect) {
    assertEquals(reason, assertThrows(RedirectException.class, () -> client.finish(redirect), redirect).reason(), redirect);
  }

  @Test
  void aRefusalEndsTheLogin() throws Exception {
    Client client = client();
    String state = started(client);
    String denied = "com.example.maths:/done?error=access_denied&state=" + state + "&iss=" + StrictUri.encode(FakeServer.ISSUER);
    assertEquals("access_denied", assertThrows(OAuthException.class, () -> client.finish(denied)).code());
    refused(RedirectException.Reason.NO_LOGIN, client, denied);
  }

  @Test
  void metadataOfAnotherIssuerAreRefused() throws Exception {
    Client client = client();
    String state = started(client);
    server.issuer = "https://evil.example";
    assertThrows(MetadataException.class, () -> client.finish(redirect(state, "&ipc-service=com.example.auth")));
    server.issuer = FakeServer.ISSUER;
    server.tokenEndpoint = "https://evil.example/token";
    assertThrows(MetadataException.class, () -> client.finish(redirect(state, "&ipc-service=com.example.auth")));
    assertFalse(server.seen.contains("POST /token"));
  }

  @Test
  void idTokensAreChecked() throws Exception {
    server.rightNonce = false;
    assertThrows(IdTokenException.class, () -> loggedIn(client()));
    server.rightNonce = true;
    server.rightKey = false;
    assertThrows(IdTokenException.class, () -> loggedIn(client()));
    assertThrows(LoginRequiredException.class, () -> client().httpClient());
  }

  @Test
  void eightThreadsRefreshOnce() throws Exception {
    loggedIn(client());
    String key = "login maths " + FakeServer.ISSUER;
    JSONObject stored = new JSONObject(store.load(key));
    store.save(key, stored.put("issued", System.currentTimeMillis() - 3_600_000).toString());
    OkHttpClient http = client().httpClient();
    ExecutorService eight = Executors.newFixedThreadPool(8);
    List<Future<String>> all = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      all.add(eight.submit(() -> get(http, FakeServer.ISSUER + "/notes")));
    }
    for (Future<String> one : all) {
      assertEquals("200 hello", one.get());
    }
    eight.shutdown();
    assertEquals(1, server.refreshes);
  }

  @Test
  void anInvalidTokenIsRenewedOnce() throws Exception {
    OkHttpClient http = loggedIn(client());
    server.invalidate();
    assertEquals("200 hello", get(http, FakeServer.ISSUER + "/notes"));
    assertEquals(1, server.refreshes);
  }

  @Test
  void aRefreshThatIsRefusedEndsTheLogin() throws Exception {
    Client client = client();
    OkHttpClient http = loggedIn(client);
    server.refuses = "temporarily_unavailable";
    assertThrows(OAuthException.class, client::refresh);
    server.refuses = "invalid_grant";
    assertThrows(LoginRequiredException.class, client::refresh);
    assertThrows(LoginRequiredException.class, () -> get(http, FakeServer.ISSUER + "/notes"));
    assertThrows(LoginRequiredException.class, client::httpClient);
  }

  @Test
  void aCancelledCallIsNotSent() throws Exception {
    OkHttpClient http = loggedIn(client());
    Call call = http.newCall(new Request.Builder().url(FakeServer.ISSUER + "/notes").build());
    call.cancel();
    assertThrows(IOException.class, call::execute);
    assertFalse(server.seen.contains("GET /notes"));
  }

  /** Also while its answer is read. */
  @Test
  void aCallIsCancelledOnItsWay() throws Exception {
    OkHttpClient http = loggedIn(client());
    Call call = http.newCall(new Request.Builder().url(FakeServer.ISSUER + "/notes").build());
    boolean[] stopped = new boolean[1];
    onTheWay = canceller -> canceller.onCancel(() -> stopped[0] = true);
    Response response = call.execute();
    call.cancel();
    assertTrue(stopped[0]);
    response.close();
    Call early = http.newCall(call.request());
    stopped[0] = false;
    onTheWay = canceller -> {
      early.cancel();
      canceller.onCancel(() -> stopped[0] = true);
    };
    assertThrows(IOException.class, early::execute);
    assertTrue(stopped[0], "a cancellation before the wire could say how");
  }

  @Test
  void wrongConfigurationsAreRefusedAtOnce() {
    assertThrows(IllegalArgumentException.class, () -> new Configuration.Builder("http://auth.example", "maths", "com.example.maths:/done").build());
    assertThrows(IllegalArgumentException.class, () -> new Configuration.Builder(FakeServer.ISSUER, "maths", "maths:/done").build());
    assertThrows(IllegalArgumentException.class, () -> new Configuration.Builder(FakeServer.ISSUER, "", "com.example.maths:/done").build());
    assertThrows(IllegalArgumentException.class, () -> new Pin("com.example.auth"));
    assertThrows(IllegalArgumentException.class, () -> new Pin("com.example.auth", "b2b2"));
    assertThrows(IllegalArgumentException.class, () -> new Pin("unix:/tmp/a", CERTIFICATE));
    assertEquals(CERTIFICATE, new Pin("com.example.auth", CERTIFICATE.toUpperCase().replaceAll("(..)(?=.)", "$1:")).certificates().iterator().next());
  }
}
