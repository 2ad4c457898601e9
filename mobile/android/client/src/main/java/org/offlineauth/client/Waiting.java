package org.offlineauth.client;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** Logins that wait for a redirect, in the store: the app may be killed while the person decides. */
final class Waiting {
  private static final long LIFETIME = 60 * 60 * 1000; // milliseconds
  private static final int MAX = 8;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Store store;
  private final String key;

  Waiting(Store store, String key) {
    this.store = store;
    this.key = key;
  }

  /** One login that was started. */
  static final class Login {
    final String state;
    final String verifier; // RFC 7636 section 4.1
    final String nonce; // "" if no ID token was asked for
    final long created; // milliseconds since 1970

    Login(String state, String verifier, String nonce, long created) {
      this.state = state;
      this.verifier = verifier;
      this.nonce = nonce;
      this.created = created;
    }

    static Login fresh(boolean openId) {
      return new Login(random(), random(), openId ? random() : "", System.currentTimeMillis());
    }

    /** RFC 7636 section 4.2. */
    String challenge() {
      try {
        byte[] sum = MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(StandardCharsets.US_ASCII));
        return Base64Url.encode(sum);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // each Java has it
      }
    }
  }

  /** 256 random bits in 43 characters. */
  static String random() {
    byte[] bytes = new byte[32];
    RANDOM.nextBytes(bytes);
    return Base64Url.encode(bytes);
  }

  synchronized void add(Login login) {
    List<Login> all = load();
    all.add(login);
    save(all.subList(Math.max(0, all.size() - MAX), all.size()));
  }

  /** The login of a state, which goes on waiting. Each state is compared, in constant time. */
  synchronized Login find(String state) throws RedirectException {
    List<Login> all = load();
    if (all.isEmpty()) {
      throw new RedirectException(RedirectException.Reason.NO_LOGIN, "no login is waiting for this redirect");
    }
    Login found = null;
    for (Login login : all) {
      if (state != null && IdToken.isEqual(login.state, state)) {
        found = login;
      }
    }
    if (found == null) {
      throw new RedirectException(RedirectException.Reason.STATE, "the redirect answers another request");
    }
    return found;
  }

  /** Ends the wait of a login; only one caller can. */
  synchronized void take(Login login) throws RedirectException {
    List<Login> left = new ArrayList<>();
    boolean taken = false;
    for (Login one : load()) {
      if (one.state.equals(login.state)) {
        taken = true;
      } else {
        left.add(one);
      }
    }
    if (!taken) {
      throw new RedirectException(RedirectException.Reason.NO_LOGIN, "the login has been finished already");
    }
    save(left);
  }

  private List<Login> load() {
    List<Login> all = new ArrayList<>();
    String saved = store.load(key);
    if (saved == null) {
      return all;
    }
    try {
      JSONArray array = new JSONArray(saved);
      for (int i = 0; i < array.length(); i++) {
        JSONObject one = array.getJSONObject(i);
        Login login = new Login(one.getString("state"), one.getString("verifier"), one.getString("nonce"), one.getLong("created"));
        if (Math.abs(System.currentTimeMillis() - login.created) <= LIFETIME) {
          all.add(login);
        }
      }
    } catch (JSONException e) {
      all.clear(); // not ours: those logins are given up
    }
    return all;
  }

  private void save(List<Login> all) {
    if (all.isEmpty()) {
      store.delete(key);
      return;
    }
    JSONArray array = new JSONArray();
    try {
      for (Login login : all) {
        array.put(new JSONObject().put("state", login.state).put("verifier", login.verifier).put("nonce", login.nonce).put("created", login.created));
      }
    } catch (JSONException e) {
      throw new IllegalStateException(e); // no number here is infinite
    }
    store.save(key, array.toString());
  }
}
