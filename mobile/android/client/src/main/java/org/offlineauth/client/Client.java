package org.offlineauth.client;

import android.content.Context;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.FormBody;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.json.JSONObject;

/**
 * Logs in with one issuer, for one account at a time. It is safe for use from any thread but the main
 * one, where its methods throw an IllegalStateException.
 *
 * <p>Beside the exceptions that are named, those of {@link ClientException} and of the network can come.
 */
public final class Client {
  private final Configuration configuration;
  private final Device device;
  private final Store store;
  private final Waiting waiting;
  private Session session; // the login in use; null if none yet

  /** Keeps its login in private preferences of the app. It sends nothing. */
  public Client(Context context, Configuration configuration) {
    this(context, configuration, new PreferencesStore(context));
  }

  /** As the other, with a store of your own. */
  public Client(Context context, Configuration configuration, Store store) {
    this(new AndroidDevice(context), configuration, store);
  }

  Client(Device device, Configuration configuration, Store store) {
    this.device = device;
    this.configuration = configuration;
    this.store = store;
    this.waiting = new Waiting(store, key("waiting"));
    if (link(request(Waiting.Login.fresh(true))).length() > 8 << 10) {
      throw new IllegalArgumentException("this configuration makes too long a link");
    }
  }

  private String key(String what) {
    return what + " " + configuration.clientId + " " + configuration.issuer;
  }

  /**
   * Starts a login. If the authorization app is there, it is given the request first, so that it can tell
   * the person which app asks (RFC 9126); if not, the link is for the browser.
   *
   * @throws UnverifiedServiceException if the app that is there is not signed as the pins say
   * @throws OAuthException if the request is refused
   */
  public Login start() throws IOException {
    device.refuseMainThread();
    Waiting.Login login = Waiting.Login.fresh(configuration.scopes.contains("openid"));
    Map<String, String> request = request(login);
    Pin pin = installed();
    String link = pin == null ? null : pushed(pin, request);
    waiting.add(login);
    return new Login(link == null ? link(request) : link, pin == null ? null : pin.packageName());
  }

  /** As {@link #start}, in the browser, whatever is installed: for when the person wants that. */
  public Login startInBrowser() {
    device.refuseMainThread();
    Waiting.Login login = Waiting.Login.fresh(configuration.scopes.contains("openid"));
    waiting.add(login);
    return new Login(link(request(login)), null);
  }

  private Pin installed() throws IOException {
    UnverifiedServiceException refused = null;
    for (Pin pin : configuration.pins) {
      try {
        if (device.isInstalled(pin)) {
          return pin;
        }
      } catch (UnverifiedServiceException e) {
        refused = e;
      }
    }
    if (refused != null) {
      throw refused;
    }
    return null;
  }

  /** The link that refers to the pushed request; null if none can be pushed. */
  private String pushed(Pin pin, Map<String, String> request) throws IOException {
    Route route = Route.of(configuration, device, pin.packageName());
    Metadata metadata;
    try {
      metadata = Metadata.fetch(configuration.issuer, route);
    } catch (NoServiceException e) {
      return null; // it opens links, without a service
    }
    if (metadata.push == null) {
      return null;
    }
    FormBody.Builder form = new FormBody.Builder();
    for (Map.Entry<String, String> parameter : request.entrySet()) {
      form.add(parameter.getKey(), parameter.getValue());
    }
    JSONObject answer = Endpoints.post(route, metadata.push, form.build(), 201);
    Map<String, String> reference = new TreeMap<>();
    reference.put("client_id", configuration.clientId);
    reference.put("request_uri", answer.optString("request_uri"));
    if (reference.get("request_uri").isEmpty()) {
      throw new OAuthException(201, "", "the pushed request was answered without a request_uri");
    }
    return link(reference);
  }

  private Map<String, String> request(Waiting.Login login) {
    Map<String, String> request = new TreeMap<>();
    request.put("client_id", configuration.clientId);
    request.put("redirect_uri", configuration.redirectUri.uri);
    request.put("response_type", "code");
    request.put("code_challenge", login.challenge());
    request.put("code_challenge_method", "S256");
    request.put("state", login.state);
    if (!login.nonce.isEmpty()) {
      request.put("nonce", login.nonce);
    }
    if (!configuration.scopes.isEmpty()) {
      StringBuilder scopes = new StringBuilder();
      for (String scope : configuration.scopes) {
        scopes.append(scopes.length() == 0 ? "" : " ").append(scope);
      }
      request.put("scope", scopes.toString());
    }
    return request;
  }

  private String link(Map<String, String> parameters) {
    StringBuilder link = new StringBuilder(configuration.issuer.endpoint());
    for (Map.Entry<String, String> parameter : parameters.entrySet()) {
      link.append(link.indexOf("?") < 0 ? '?' : '&').append(parameter.getKey()).append('=').append(StrictUri.encode(parameter.getValue()));
    }
    return link.toString();
  }

  /**
   * Takes the redirect that the app received, redeems its code, and stores the login in the place of the
   * one before.
   *
   * <p>Up to the moment the code is sent the login goes on waiting, and this may be called again: after a
   * RedirectException, an UnverifiedServiceException, or when nobody could be reached. From then on, and
   * after an OAuthException that the redirect brought, it is over.
   *
   * @param redirect the data of the intent, as it came
   * @return as {@link #httpClient}
   */
  public OkHttpClient finish(String redirect) throws IOException {
    device.refuseMainThread();
    AuthorizationResponse response;
    try {
      response = AuthorizationResponse.read(configuration.redirectUri, String.valueOf(redirect));
    } catch (InvalidUriException e) {
      throw new RedirectException(RedirectException.Reason.REDIRECT, e.getMessage());
    }
    Waiting.Login login = waiting.find(response.state);
    if (!response.issuer.equals(configuration.issuer.toString())) {
      throw new RedirectException(RedirectException.Reason.ISSUER, "the redirect is not from the issuer (its iss is not ours)");
    }
    if (!response.error.isEmpty()) {
      waiting.take(login);
      throw new OAuthException(0, response.error, response.errorDescription);
    }
    Route route = Route.of(configuration, device, response.service);
    Metadata metadata = Metadata.fetch(configuration.issuer, route);
    waiting.take(login);
    Tokens tokens = redeem(route, metadata, login, response.code);
    save(tokens);
    return use(new Session(this, route, tokens));
  }

  private Tokens redeem(Route route, Metadata metadata, Waiting.Login login, String code) throws IOException {
    FormBody form =
        new FormBody.Builder().add("grant_type", "authorization_code").add("client_id", configuration.clientId)
            .add("redirect_uri", configuration.redirectUri.uri).add("code", code).add("code_verifier", login.verifier).build();
    JSONObject answer = Endpoints.post(route, metadata.token, form, 200);
    String revocation = metadata.revocation == null ? "" : metadata.revocation.toString();
    Tokens tokens = new Tokens(Waiting.random(), route.value, "", "", metadata.token.toString(), revocation, 0, 0).with(answer);
    checkIdToken(route, metadata, login, answer);
    return tokens;
  }

  /** Checks the ID token, if one came or had to. */
  private void checkIdToken(Route route, Metadata metadata, Waiting.Login login, JSONObject answer) throws IOException {
    String encoded = answer.optString("id_token");
    if (encoded.isEmpty()) {
      String scope = answer.has("scope") ? answer.optString("scope") : "openid";
      if (!login.nonce.isEmpty() && (" " + scope + " ").contains(" openid ")) {
        throw new IdTokenException("there is none, although the scope openid was granted");
      }
      return;
    }
    if (metadata.keys == null) {
      throw new IdTokenException("the issuer publishes no keys");
    }
    JSONObject keys = Metadata.document(route, new Request.Builder().url(metadata.keys).build());
    new IdToken(encoded, keys)
        .check(configuration.issuer.toString(), configuration.clientId, login.nonce, answer.optString("access_token"),
            System.currentTimeMillis() / 1000);
  }

  /**
   * The OkHttpClient of the stored login, for the issuer's origin alone. It renews its token by itself and
   * follows no redirects of HTTP. It may be kept until its calls fail with a LoginRequiredException.
   *
   * @throws LoginRequiredException if no login is stored
   * @throws UnverifiedServiceException if its service is not what it was
   */
  public OkHttpClient httpClient() throws IOException {
    return okHttp(open());
  }

  private Session open() throws IOException {
    device.refuseMainThread();
    Tokens stored = stored();
    if (stored == null) {
      throw new LoginRequiredException("no login is stored");
    }
    Route route = Route.of(configuration, device, stored.service);
    synchronized (this) {
      if (session == null || !session.tokens().id.equals(stored.id)) {
        use(new Session(this, route, stored));
      }
      return session;
    }
  }

  private synchronized OkHttpClient use(Session next) {
    if (session != null) {
      session.end();
    }
    session = next;
    return okHttp(next);
  }

  private OkHttpClient okHttp(Session of) {
    TokenInterceptor tokens = new TokenInterceptor(device, configuration.issuer, of);
    OkHttpClient.Builder builder =
        configuration.network.newBuilder().followRedirects(false).followSslRedirects(false).eventListener(tokens);
    builder.interceptors().add(0, tokens); // before any other can send something elsewhere
    return builder.build();
  }

  /** Renews the access token now, although it may still be good: after the person granted more. */
  public void refresh() throws IOException {
    Session of = open();
    of.token(of.tokens().access);
  }

  /**
   * Ends the login at the authorization server (RFC 7009), with all its tokens, and forgets it here. If
   * the server cannot be reached or refuses, the login stays; {@link #forget} removes it regardless.
   */
  public void revoke() throws IOException {
    Session of = open();
    Tokens tokens = of.tokens();
    if (tokens.revocationUrl.isEmpty()) {
      throw new MetadataException("the server has no revocation endpoint");
    }
    boolean refresh = !tokens.refresh.isEmpty();
    FormBody form =
        new FormBody.Builder().add("token", refresh ? tokens.refresh : tokens.access)
            .add("token_type_hint", refresh ? "refresh_token" : "access_token").add("client_id", configuration.clientId).build();
    Endpoints.post(of.route, HttpUrl.get(tokens.revocationUrl), form, 200);
    forget();
  }

  /** Removes the stored login from this device and tells nobody. */
  public synchronized void forget() {
    if (session != null) {
      session.end();
      session = null;
    }
    store.delete(key("login"));
  }

  synchronized void forget(Tokens refused) {
    Tokens stored = stored();
    if (stored != null && stored.refresh.equals(refused.refresh)) {
      store.delete(key("login"));
    }
  }

  synchronized Tokens stored() {
    String saved = store.load(key("login"));
    return saved == null ? null : Tokens.fromJson(saved);
  }

  synchronized void save(Tokens tokens) {
    store.save(key("login"), tokens.toJson());
  }

  String clientId() {
    return configuration.clientId;
  }
}
