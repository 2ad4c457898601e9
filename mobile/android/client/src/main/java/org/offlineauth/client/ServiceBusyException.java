package org.offlineauth.client;

/** The service has too many requests of this app. Nothing was carried out: try later. */
public final class ServiceBusyException extends ClientException {
  ServiceBusyException(String message) {
    super(message);
  }
}
