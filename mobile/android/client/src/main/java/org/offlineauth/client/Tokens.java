package org.offlineauth.client;

import org.json.JSONException;
import org.json.JSONObject;

/** A login as it is stored. */
final class Tokens {
  private static final int VERSION = 1;

  final String id; // of the login
  final String service; // the value of ipc-service; "" for the network
  final String access;
  final String refresh; // "" if there is none
  final String tokenUrl;
  final String revocationUrl; // "" if there is none
  final long issued; // milliseconds since 1970
  final long lifetime; // milliseconds; 0 if it is not known

  Tokens(String id, String service, String access, String refresh, String tokenUrl, String revocationUrl, long issued, long lifetime) {
    this.id = id;
    this.service = service;
    this.access = access;
    this.refresh = refresh;
    this.tokenUrl = tokenUrl;
    this.revocationUrl = revocationUrl;
    this.issued = issued;
    this.lifetime = lifetime;
  }

  /** The same login with what a token endpoint answered (RFC 6749 section 5.1). */
  Tokens with(JSONObject answer) throws OAuthException {
    if (!answer.optString("token_type").equalsIgnoreCase("Bearer") || answer.optString("access_token").isEmpty()) {
      throw new OAuthException(200, "", "the answer has no bearer token");
    }
    String next = answer.optString("refresh_token");
    return new Tokens(id, service, answer.optString("access_token"), next.isEmpty() ? refresh : next, tokenUrl, revocationUrl,
        System.currentTimeMillis(), answer.optLong("expires_in") * 1000);
  }

  /** Whether the access token is good by this clock, with a little to spare. Clocks that went back make it old. */
  boolean isFresh() {
    long age = System.currentTimeMillis() - issued;
    return lifetime == 0 || age >= 0 && age < lifetime - Math.min(lifetime / 10, 30_000);
  }

  String toJson() {
    try {
      return new JSONObject().put("version", VERSION).put("id", id).put("service", service).put("access_token", access)
          .put("refresh_token", refresh).put("token_url", tokenUrl).put("revocation_url", revocationUrl)
          .put("issued", issued).put("lifetime", lifetime).toString();
    } catch (JSONException e) {
      throw new IllegalStateException(e); // no number here is infinite
    }
  }

  /** Null if it is not a login of this version. */
  static Tokens fromJson(String saved) {
    try {
      JSONObject o = new JSONObject(saved);
      if (o.getInt("version") != VERSION) {
        return null;
      }
      return new Tokens(o.getString("id"), o.getString("service"), o.getString("access_token"), o.getString("refresh_token"),
          o.getString("token_url"), o.getString("revocation_url"), o.getLong("issued"), o.getLong("lifetime"));
    } catch (JSONException e) {
      return null;
    }
  }
}
