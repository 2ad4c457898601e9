package org.offlineauth.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.FormBody;
import okhttp3.HttpUrl;
import org.json.JSONObject;

/** A stored login in use: its way, and its token as last known. */
final class Session {
  private static final long PATIENCE = 60; // seconds to wait for another thread's refresh

  final Route route;
  private final Client client;
  private final ReentrantLock renewal = new ReentrantLock(); // one refresh at a time
  private volatile Tokens tokens;
  private volatile boolean ended;

  Session(Client client, Route route, Tokens tokens) {
    this.client = client;
    this.route = route;
    this.tokens = tokens;
  }

  Tokens tokens() {
    return tokens;
  }

  void end() {
    ended = true;
  }

  /** An access token that is good by this device's clock, and is not the unwanted one. */
  String token(String unwanted) throws IOException {
    Tokens now = current();
    if (isGood(now, unwanted)) {
      return now.access;
    }
    lock();
    try {
      now = current();
      return isGood(now, unwanted) ? now.access : renew().access;
    } finally {
      renewal.unlock();
    }
  }

  private void lock() throws IOException {
    try {
      if (!renewal.tryLock(PATIENCE, TimeUnit.SECONDS)) {
        throw new DeadlineException("no new token came in " + PATIENCE + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for a new token");
    }
  }

  private static boolean isGood(Tokens tokens, String unwanted) {
    return tokens.isFresh() && !tokens.access.equals(unwanted);
  }

  private Tokens current() throws LoginRequiredException {
    if (ended) {
      throw new LoginRequiredException("the login is over, or another one took its place");
    }
    return tokens;
  }

  /** Refreshes. The successor is stored before anyone uses the token that came with it. */
  private Tokens renew() throws IOException {
    Tokens stored = client.stored();
    if (stored == null || !stored.id.equals(tokens.id)) {
      end();
      throw new LoginRequiredException("the login is no longer stored");
    }
    if (!stored.refresh.equals(tokens.refresh) && stored.isFresh()) {
      return tokens = stored; // another process has renewed it
    }
    if (stored.refresh.isEmpty()) {
      throw new LoginRequiredException("the access token cannot be renewed");
    }
    FormBody form =
        new FormBody.Builder().add("grant_type", "refresh_token").add("refresh_token", stored.refresh).add("client_id", client.clientId()).build();
    try {
      JSONObject answer = Endpoints.post(route, HttpUrl.get(stored.tokenUrl), form, 200);
      Tokens next = stored.with(answer);
      client.save(next);
      return tokens = next;
    } catch (OAuthException e) {
      if (!e.code().equals("invalid_grant")) {
        throw e;
      }
      end();
      client.forget(stored);
      throw new LoginRequiredException("the login is over: " + e.getMessage());
    }
  }
}
