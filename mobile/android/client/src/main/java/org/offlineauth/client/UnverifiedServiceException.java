package org.offlineauth.client;

/**
 * The service is not known to belong to the issuer: its package is not pinned, or not signed with the
 * certificate that is. Nothing was sent to anyone, and a login that was waiting goes on waiting.
 */
public final class UnverifiedServiceException extends ClientException {
  private final String service;

  UnverifiedServiceException(String service, String reason) {
    super("the service is not known to belong to the issuer, nothing was sent: " + service + ": " + reason);
    this.service = service;
  }

  /** The ipc-service value, or the package, that was refused. */
  public String service() {
    return service;
  }
}
