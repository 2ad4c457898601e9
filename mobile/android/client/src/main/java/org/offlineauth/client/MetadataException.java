package org.offlineauth.client;

/** The issuer's metadata (RFC 8414) are missing, malformed or another issuer's: a matter for its maker. */
public final class MetadataException extends ClientException {
  MetadataException(String message) {
    super(message);
  }
}
