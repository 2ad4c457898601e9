package org.offlineauth.client;

/** There is no login, or it is over: revoked, replaced, or no longer to be renewed. Start one. */
public final class LoginRequiredException extends ClientException {
  LoginRequiredException(String message) {
    super(message);
  }
}
