package org.offlineauth.client;

/** Nothing came in time. Whether the request was carried out is not known. */
public final class DeadlineException extends ClientException {
  DeadlineException(String message) {
    super(message);
  }
}
