package org.offlineauth.client;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Sends an app's own requests with the token: to the issuer's origin, by the way of the login, and
 * nowhere else.
 *
 * <p>A service is reached here, before OkHttp looks for connections, and not by a factory of sockets:
 * OkHttp wants TLS for the https URLs that these are, and asks the system's policy before it opens
 * anything without.
 */
final class TokenInterceptor extends EventListener implements Interceptor {
  private final Device device;
  private final Issuer issuer;
  private final Session session;
  private final Map<Call, Runnable> running = new ConcurrentHashMap<>(); // how to give each call up

  TokenInterceptor(Device device, Issuer issuer, Session session) {
    this.device = device;
    this.issuer = issuer;
    this.session = session;
  }

  @Override
  public Response intercept(Chain chain) throws IOException {
    device.refuseMainThread();
    Request request = chain.request();
    if (!issuer.isOriginOf(request.url())) {
      throw new OtherOriginException("this client sends nothing to " + request.url().host());
    }
    String token = session.token(null);
    Response response = send(chain, request, token);
    boolean repeatable = request.body() == null || !request.body().isOneShot();
    if (response.code() == 401 && repeatable && isInvalid(response)) {
      response.close();
      return send(chain, request, session.token(token));
    }
    return response;
  }

  /** Whether the API calls the token invalid (RFC 6750 section 3.1): it ended before its time. */
  private static boolean isInvalid(Response response) {
    for (String challenge : response.headers("WWW-Authenticate")) {
      if (challenge.contains("error=\"invalid_token\"")) {
        return true;
      }
    }
    return false;
  }

  private Response send(Chain chain, Request request, String token) throws IOException {
    Request authorized = request.newBuilder().header("Authorization", "Bearer " + token).build();
    if (!session.route.isLocal()) {
      return chain.proceed(authorized);
    }
    Call call = chain.call();
    try {
      if (call.isCanceled()) {
        throw new IOException("Canceled");
      }
      return session.route.service.apis().send(authorized, action -> onCancel(call, action));
    } catch (IOException e) {
      running.remove(call);
      if (call.isCanceled()) {
        throw new IOException("Canceled", e);
      }
      throw e;
    }
  }

  /** The action stays until the body of the answer has been read: OkHttp's call is over before. */
  private void onCancel(Call call, Runnable action) {
    if (action == null) {
      running.remove(call);
      return;
    }
    running.put(call, action);
    if (call.isCanceled()) {
      action.run();
    }
  }

  @Override
  public void canceled(Call call) {
    Runnable action = running.get(call);
    if (action != null) {
      action.run();
    }
  }
}
