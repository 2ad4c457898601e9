package org.offlineauth.client;

import java.io.IOException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import org.json.JSONArray;
import org.json.JSONObject;

/** An authorization server by the book, with a switch for each thing that can go wrong. */
final class FakeServer {
  static final String ISSUER = "https://auth.example";

  final List<String> seen = Collections.synchronizedList(new ArrayList<>());
  volatile String issuer = ISSUER; // in the metadata
  volatile String tokenEndpoint = ISSUER + "/token";
  volatile boolean push = true;
  volatile boolean rightNonce = true;
  volatile boolean rightKey = true;
  volatile String refuses = ""; // error code of the token endpoint
  volatile int expiresIn = 600;
  volatile int refreshes;
  private volatile Map<String, String> pushed = new HashMap<>();
  private final KeyPair key = pair();
  private volatile String access = "none";

  private static KeyPair pair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  Response answer(Request request) throws IOException {
    seen.add(request.method() + " " + request.url().encodedPath());
    try {
      return route(request);
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private Response route(Request request) throws Exception {
    switch (request.url().encodedPath()) {
      case "/.well-known/oauth-authorization-server":
        JSONObject metadata = new JSONObject().put("issuer", issuer).put("token_endpoint", tokenEndpoint)
            .put("revocation_endpoint", ISSUER + "/revoke").put("jwks_uri", ISSUER + "/jwks");
        return json(request, 200, push ? metadata.put("pushed_authorization_request_endpoint", ISSUER + "/par") : metadata);
      case "/par":
        pushed = form(request);
        return json(request, 201, new JSONObject().put("request_uri", "urn:ietf:params:oauth:request_uri:x").put("expires_in", 600));
      case "/token":
        return token(request, form(request));
      case "/jwks":
        return json(request, 200, new JSONObject().put("keys", new JSONArray().put(jwk())));
      case "/revoke":
        access = "revoked";
        return answer(request, 200, "", "text/plain");
      default:
        boolean good = ("Bearer " + access).equals(request.header("Authorization"));
        Response.Builder api = answer(request, good ? 200 : 401, good ? "hello" : "", "text/plain").newBuilder();
        return good ? api.build() : api.header("WWW-Authenticate", "Bearer error=\"invalid_token\"").build();
    }
  }

  /** Makes the access token that was given last invalid before its time. */
  void invalidate() {
    access = "another";
  }

  private Response token(Request request, Map<String, String> form) throws Exception {
    if (!refuses.isEmpty()) {
      return json(request, 400, new JSONObject().put("error", refuses));
    }
    boolean refresh = "refresh_token".equals(form.get("grant_type"));
    access = "access " + (refresh ? ++refreshes : 0);
    JSONObject answer = new JSONObject().put("access_token", access).put("token_type", "Bearer")
        .put("expires_in", expiresIn).put("refresh_token", "refresh " + refreshes).put("scope", "openid notes");
    if (!refresh) {
      answer.put("id_token", idToken());
    }
    return json(request, 200, answer);
  }

  private String idToken() throws Exception {
    String header = part(new JSONObject().put("alg", "ES256").put("kid", "k").put("typ", "JWT"));
    String claims = part(new JSONObject().put("iss", ISSUER).put("sub", "amina").put("aud", new JSONArray().put("maths"))
        .put("exp", System.currentTimeMillis() / 1000 + 600).put("nonce", rightNonce ? pushed.getOrDefault("nonce", "") : "x"));
    Signature signer = Signature.getInstance("SHA256withECDSAinP1363Format");
    signer.initSign(rightKey ? key.getPrivate() : pair().getPrivate());
    signer.update((header + "." + claims).getBytes("US-ASCII"));
    return header + "." + claims + "." + Base64Url.encode(signer.sign());
  }

  private JSONObject jwk() throws Exception {
    ECPublicKey of = (ECPublicKey) key.getPublic();
    return new JSONObject().put("kty", "EC").put("crv", "P-256").put("kid", "k").put("x", coordinate(of.getW().getAffineX()))
        .put("y", coordinate(of.getW().getAffineY()));
  }

  private static String coordinate(java.math.BigInteger number) {
    byte[] all = number.toByteArray();
    byte[] fixed = new byte[32];
    int n = Math.min(32, all.length);
    System.arraycopy(all, all.length - n, fixed, 32 - n, n);
    return Base64Url.encode(fixed);
  }

  private static String part(JSONObject o) throws Exception {
    return Base64Url.encode(o.toString().getBytes("UTF-8"));
  }

  Map<String, String> pushed() {
    return pushed;
  }

  /** For a login whose link was not pushed. */
  void nonceOf(String link) throws Exception {
    Map<String, String> all = new HashMap<>();
    all.put("nonce", StrictUri.parse("link", link, 8192).parameters("link").get("nonce").get(0));
    pushed = all;
  }

  private static Map<String, String> form(Request request) throws Exception {
    Buffer body = new Buffer();
    request.body().writeTo(body);
    Map<String, String> form = new HashMap<>();
    StrictUri.parameters("form", body.readUtf8()).forEach((name, values) -> form.put(name, values.get(0)));
    return form;
  }

  private static Response json(Request request, int status, JSONObject body) {
    return answer(request, status, body.toString(), "application/json");
  }

  private static Response answer(Request request, int status, String body, String type) {
    return new Response.Builder().request(request).protocol(Protocol.HTTP_1_1).code(status).message("")
        .body(ResponseBody.create(body, MediaType.get(type))).build();
  }
}
