package org.offlineauth.client;

/** The service does not serve this app. Nothing was carried out. */
public final class ServiceRefusedException extends ClientException {
  ServiceRefusedException(String message) {
    super(message);
  }
}
