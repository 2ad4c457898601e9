package org.offlineauth.client;

import okhttp3.HttpUrl;

/** An issuer identifier (RFC 8414 section 2). */
final class Issuer {
  private static final int MAX = 512;

  private final String issuer;
  private final HttpUrl url;

  Issuer(String issuer) throws InvalidUriException {
    StrictUri uri = StrictUri.parse("issuer", issuer, MAX);
    if (!uri.scheme.equals("https")) {
      throw new InvalidUriException("issuer", "is not an https URL");
    }
    uri.host("issuer");
    if (uri.query != null) {
      throw new InvalidUriException("issuer", "has a query");
    }
    if (uri.path.endsWith("/") || uri.path.contains("//")) {
      throw new InvalidUriException("issuer", "has an empty segment in its path");
    }
    HttpUrl parsed = HttpUrl.parse(issuer);
    if (parsed == null) {
      throw new InvalidUriException("issuer", "is not a URL that can be used");
    }
    this.issuer = issuer;
    this.url = parsed;
  }

  /** The authorization endpoint, without parameters. */
  String endpoint() {
    return issuer + "/authorize";
  }

  /** Whether a URL is of the issuer's origin (RFC 6454 section 4). */
  boolean isOriginOf(HttpUrl other) {
    return other.isHttps() && other.host().equals(url.host()) && other.port() == url.port();
  }

  /** Where the metadata are (RFC 8414 section 3.1). */
  HttpUrl metadata() {
    String path = url.encodedPath().equals("/") ? "" : url.encodedPath();
    return url.newBuilder().encodedPath("/.well-known/oauth-authorization-server" + path).build();
  }

  @Override
  public String toString() {
    return issuer;
  }
}
