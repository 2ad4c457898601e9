package org.offlineauth.client;

/** What arrived is not the redirect of a login that waits. Nothing was sent, and a login goes on waiting. */
public final class RedirectException extends ClientException {
  /** Why it is not. */
  public enum Reason {
    /** It does not go to this client, or is malformed. Go on waiting. */
    REDIRECT,
    /** It answers another request. Go on waiting. */
    STATE,
    /** It is not from the issuer, or does not say from whom (RFC 9207 section 2.4). */
    ISSUER,
    /** No login waits: it was finished before, or started more than an hour ago. Start one. */
    NO_LOGIN
  }

  private final Reason reason;

  RedirectException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
