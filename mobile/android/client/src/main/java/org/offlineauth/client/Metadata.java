package org.offlineauth.client;

import java.io.IOException;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONException;
import org.json.JSONObject;

/** What a client needs of the issuer's metadata (RFC 8414 section 2). */
final class Metadata {
  static final int MAX = 256 << 10; // bytes, of these and of the keys

  final HttpUrl push; // null if there is none
  final HttpUrl token;
  final HttpUrl revocation; // null if there is none
  final HttpUrl keys; // null if there is none

  private Metadata(JSONObject document, Issuer issuer, boolean local) throws MetadataException {
    if (!issuer.toString().equals(document.optString("issuer"))) {
      throw new MetadataException("they are of another issuer");
    }
    push = url(document, "pushed_authorization_request_endpoint", issuer, local);
    token = url(document, "token_endpoint", issuer, local);
    revocation = url(document, "revocation_endpoint", issuer, local);
    keys = url(document, "jwks_uri", issuer, local);
    if (token == null) {
      throw new MetadataException("there is no token_endpoint");
    }
  }

  /** Fetches and checks them, over the way on which they are going to be used. */
  static Metadata fetch(Issuer issuer, Route route) throws IOException {
    Request request = new Request.Builder().url(issuer.metadata()).header("Accept", "application/json").build();
    return new Metadata(document(route, request), issuer, route.isLocal());
  }

  /** Fetches a small document of JSON. */
  static JSONObject document(Route route, Request request) throws IOException {
    try (Response response = route.exchange(request)) {
      if (response.code() != 200) {
        throw new MetadataException(request.url() + " answers with HTTP status " + response.code());
      }
      return new JSONObject(text(response));
    } catch (JSONException e) {
      throw new MetadataException(request.url() + " is no object of JSON");
    }
  }

  static String text(Response response) throws IOException {
    String text = response.peekBody(MAX + 1).string();
    if (text.length() > MAX) {
      throw new MetadataException(response.request().url() + " is larger than " + MAX + " bytes");
    }
    return text;
  }

  /** Over IPC all endpoints are of the issuer's origin, since that alone is at the other end. */
  private static HttpUrl url(JSONObject document, String name, Issuer issuer, boolean local) throws MetadataException {
    String value = document.optString(name);
    if (value.isEmpty()) {
      return null;
    }
    HttpUrl url = HttpUrl.parse(value);
    if (url == null || !url.isHttps()) {
      throw new MetadataException(name + " is not an https URL");
    }
    if (local && !issuer.isOriginOf(url)) {
      throw new MetadataException(name + " is not of the issuer's origin");
    }
    return url;
  }
}
