package org.offlineauth.client;

/** The process of the service ended. Whether the request was carried out is not known. */
public final class ServiceDiedException extends ClientException {
  ServiceDiedException(String message) {
    super(message);
  }
}
