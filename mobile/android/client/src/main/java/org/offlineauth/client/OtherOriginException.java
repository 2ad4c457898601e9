package org.offlineauth.client;

/** The URL is not of the issuer's origin. Nothing was sent. Use another OkHttpClient for it. */
public final class OtherOriginException extends ClientException {
  OtherOriginException(String message) {
    super(message);
  }
}
