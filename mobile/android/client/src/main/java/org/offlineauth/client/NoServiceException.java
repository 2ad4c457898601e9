package org.offlineauth.client;

/** The authorization app is not there, or has no service to bind to. Nothing was sent. */
public final class NoServiceException extends ClientException {
  NoServiceException(String message) {
    super(message);
  }
}
