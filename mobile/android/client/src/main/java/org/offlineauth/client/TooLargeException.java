package org.offlineauth.client;

/** A message does not fit on the message wire, and there is no stream wire to carry it. */
public final class TooLargeException extends ClientException {
  private final boolean response;

  TooLargeException(boolean response) {
    super(response ? "the answer is too large; the request was carried out" : "the request is too large; it was not carried out");
    this.response = response;
  }

  /** Whether it was the answer, so that the request was carried out. */
  public boolean isResponse() {
    return response;
  }
}
