import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URLDecoder;
import java.net.UnixDomainSocketAddress;
import java.net.URLEncoder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.offlineauth.mobile.App;
import org.offlineauth.mobile.Bytes;
import org.offlineauth.mobile.Call;
import org.offlineauth.mobile.Caller;
import org.offlineauth.mobile.Config;
import org.offlineauth.mobile.Host;
import org.offlineauth.mobile.Mobile;
import org.offlineauth.mobile.Request;
import org.offlineauth.mobile.Text;
import org.offlineauth.mobile.Token;

/**
 * The gobind surface as Java sees it, through real JNI: a whole login, large and empty bodies,
 * threads, callbacks both ways, exceptions and panics that stay where they are.
 */
public final class Surface implements Host {
  private static final String APP =
      "android:com.example.maths#b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2";
  // The verifier and challenge of RFC 7636 appendix B.
  private static final String VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  private static final String LINK =
      "https://auth.example/authorize?client_id=maths&redirect_uri=com.example.maths%3A%2Fdone"
          + "&response_type=code&scope=openid+notes&state=s&code_challenge_method=S256"
          + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

  private final App app;
  private volatile String launched = "";
  private volatile String launchedAt = "";

  private Surface(Path dir) throws Exception {
    Config config = new Config();
    config.setIssuer("https://auth.example");
    config.setDataDir(dir.toString());
    config.setIPCService("com.example.auth");
    config.setMemoryLimit(64 << 20);
    config.setKeystore(new AesKeystore());
    config.addAPI("/notes/", "notes", "Read your notes");
    app = Mobile.open(config, this);
    app.addAccount("amina", "Amina Ḥ 🌍");
    app.addClient("maths", "Maths", "com.example.maths:/done", "openid profile notes", APP);
  }

  @Override
  public void launch(String uri, String at) throws Exception {
    if (uri.contains("access_denied")) {
      throw new IOException("nothing opens it");
    }
    launched = uri;
    launchedAt = at;
  }

  @Override
  public Text claimants(String redirectURI) {
    return redirectURI.startsWith("com.example.own:") ? new Text(APP) : null;
  }

  /** Echoes the body; fails in the ways an app can. */
  @Override
  public Bytes answer(byte[] request, Token token) throws Exception {
    byte[] body = Http.body(request);
    String head = Http.head(request);
    if (head.contains(" /notes/checked ")) {
      throw new IOException("an exception of the app");
    }
    if (head.contains(" /notes/unchecked ")) {
      throw new IllegalStateException("a mistake of the app");
    }
    if (head.contains(" /notes/null ")) {
      return null;
    }
    check(token.getScopes().equals("openid notes"), "scopes " + token.getScopes());
    check(token.getApp().equals(APP), "app " + token.getApp());
    return new Bytes(Http.message("HTTP/1.1 200 OK", body));
  }

  public static void main(String[] args) throws Exception {
    Path dir = Files.createTempDirectory("surface");
    Surface s = new Surface(dir.resolve("data"));
    String token = s.login();
    s.bodies(token);
    s.threads(token);
    s.failures(token);
    s.registration();
    s.streams(token, dir);
    s.lists();
    s.close();
    System.out.println("ok: the surface works through JNI");
    System.exit(0); // threads that Go has attached are no daemons
  }

  private String login() throws Exception {
    Request request = app.begin(LINK);
    check(!request.getAnswered() && request.getTitle().contains("Maths"), request.getTitle());
    check(request.getJSON().contains("Amina Ḥ 🌍"), request.getJSON());
    app.approve(request.getID(), find("\"id\":\"([^\"]+)\"", app.accounts().get()), "", "");
    check(launchedAt.equals(APP), "launched at " + launchedAt);
    String code = URLDecoder.decode(find("[?&]code=([^&]+)", launched), StandardCharsets.UTF_8);
    byte[] form =
        ("grant_type=authorization_code&client_id=maths&redirect_uri=com.example.maths%3A%2Fdone&code="
                + URLEncoder.encode(code, StandardCharsets.UTF_8) + "&code_verifier=" + VERIFIER)
            .getBytes(StandardCharsets.UTF_8);
    byte[] message =
        Http.message("POST /token HTTP/1.1\r\nHost: auth.example\r\nContent-Type: application/x-www-form-urlencoded", form);
    check(Http.status(app.handle(message, caller("android:com.example.thief#00"), null).get()) == 401, "a thief");
    byte[] answer = app.handle(message, caller(APP), new Call()).get();
    check(Http.status(answer) == 200, Http.text(answer));
    return find("\"access_token\":\"([^\"]+)\"", Http.text(answer));
  }

  private void bodies(String token) throws Exception {
    for (int size : new int[] {0, 1, 1 << 10, 1 << 20, 8 << 20}) {
      byte[] body = new byte[size];
      Arrays.fill(body, (byte) 0xE9);
      byte[] answer = app.handle(post("/notes/", token, body), caller(APP), null).get();
      check(Http.status(answer) == 200, Http.head(answer));
      check(Arrays.equals(Http.body(answer), body), "a body of " + size);
    }
    check(Http.status(app.handle(new byte[0], caller(APP), null).get()) == 400, "an empty message");
    check(Http.status(app.handle(null, caller(APP), null).get()) == 400, "no message");
    check(new Bytes(new byte[0]).get() == null, "no bytes are null");
  }

  private void threads(String token) throws Exception {
    ExecutorService eight = Executors.newFixedThreadPool(8);
    List<Future<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      byte[] body = ("note " + i).getBytes(StandardCharsets.UTF_8);
      all.add(eight.submit(() -> Arrays.equals(body, Http.body(app.handle(post("/notes/", token, body), caller(APP), null).get()))));
    }
    for (Future<Boolean> one : all) {
      check(one.get(), "an answer of another thread");
    }
    eight.shutdown();
  }

  private void failures(String token) throws Exception {
    for (String path : new String[] {"/notes/checked", "/notes/unchecked", "/notes/null"}) {
      check(Http.status(app.handle(post(path, token, new byte[1]), caller(APP), null).get()) == 502, path);
    }
    Call given = new Call();
    given.cancel();
    check(Http.status(app.handle(post("/notes/", token, new byte[1]), caller(APP), given).get()) != 200, "a call given up");
    check(Http.status(app.handle(post("/notes/", token, new byte[1]), null, null).get()) == 500, "a panic");
    fails("a panic", () -> app.serve(-1, null));
    fails("no descriptor", () -> app.serve(-1, caller(APP)));
    fails("a wrong link", () -> app.begin("https://elsewhere.example/authorize"));
    Request request = app.begin(LINK);
    fails("a launch that fails", () -> app.deny(request.getID()));
    fails("a second decision", () -> app.deny(request.getID()));
    check(Http.status(app.handle(post("/notes/", token, new byte[1]), caller(APP), null).get()) == 200, "after all that");
  }

  private void registration() throws Exception {
    byte[] metadata = "{\"redirect_uris\":[\"com.example.own:/done\"]}".getBytes(StandardCharsets.UTF_8);
    byte[] message = Http.message("POST /register HTTP/1.1\r\nHost: auth.example\r\nContent-Type: application/json", metadata);
    check(Http.status(app.handle(message, caller(APP), null).get()) == 201, "an app registers itself");
    check(Http.status(app.handle(message, caller("android:com.example.thief#00"), null).get()) == 400, "a thief registers");
  }

  private void streams(String token, Path dir) throws Exception {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(dir.resolve("stream"));
    byte[] body = new byte[1 << 20];
    Arrays.fill(body, (byte) 'x');
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      try (SocketChannel mine = SocketChannel.open(address)) {
        app.serve(Descriptor.detach(server.accept()), caller(APP));
        for (int i = 0; i < 3; i++) { // on one connection
          Http.write(mine, post("/notes/", token, body));
          check(Arrays.equals(Http.readBody(mine), body), "a body over a stream");
        }
      }
    }
  }

  private void lists() throws Exception {
    String grants = app.grants().get();
    check(grants.contains("\"client\":\"maths\""), grants);
    app.revokeGrant(find("\"id\":\"([^\"]+)\"", grants));
    check(app.grants().get().equals("[]"), app.grants().get());
    check(app.activity(100).get().contains("\"event\":\"approved\""), app.activity(100).get());
    app.trim();
  }

  private void close() throws Exception {
    app.close();
    fails("a closed app", () -> app.addAccount("karim", ""));
  }

  private static byte[] post(String path, String token, byte[] body) {
    return Http.message("POST " + path + " HTTP/1.1\r\nHost: auth.example\r\nAuthorization: Bearer " + token, body);
  }

  private static Caller caller(String identity) {
    Caller c = new Caller();
    c.setUID(10012);
    c.setPID(-1);
    c.setIdentity(identity);
    return c;
  }

  private interface Failing {
    void run() throws Exception;
  }

  private static void fails(String what, Failing f) {
    try {
      f.run();
    } catch (Exception expected) {
      return;
    }
    throw new AssertionError(what + " did not fail");
  }

  private static void check(boolean good, String otherwise) {
    if (!good) {
      throw new AssertionError(otherwise);
    }
  }

  private static String find(String pattern, String text) {
    Matcher m = Pattern.compile(pattern).matcher(text);
    check(m.find(), pattern + " is not in " + text);
    return m.group(1);
  }
}
