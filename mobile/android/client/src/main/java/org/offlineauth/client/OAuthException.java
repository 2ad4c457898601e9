package org.offlineauth.client;

/**
 * A refusal of the authorization server: by the redirect (RFC 6749 section 4.1.2.1), or at an endpoint
 * (RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 9126 section 2.3).
 */
public final class OAuthException extends ClientException {
  private final int status;
  private final String code;

  OAuthException(int status, String code, String description) {
    super("the authorization server refused: " + code + (description.isEmpty() ? "" : ": " + description)
        + (status == 0 ? "" : " (HTTP status " + status + ")"));
    this.status = status;
    this.code = code;
  }

  /** The status of HTTP; 0 if a redirect brought the refusal. */
  public int status() {
    return status;
  }

  /** Such as "access_denied" or "invalid_grant"; "" if the server does not speak OAuth. */
  public String code() {
    return code;
  }
}
