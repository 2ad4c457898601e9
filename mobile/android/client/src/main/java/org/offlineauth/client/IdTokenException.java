package org.offlineauth.client;

/** The ID token is missing, forged, for somebody else or expired (OpenID Connect Core section 3.1.3.7). */
public final class IdTokenException extends ClientException {
  IdTokenException(String message) {
    super(message);
  }
}
