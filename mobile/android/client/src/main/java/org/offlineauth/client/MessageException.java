package org.offlineauth.client;

/** A message cannot be sent on the message wire, or was refused as it came. */
public final class MessageException extends ClientException {
  private final String reason;

  MessageException(String reason, String message) {
    super(reason + ": " + message);
    this.reason = reason;
  }

  /** A stable word, such as "length-and-encoding": those of section 9.3 of the protocol. */
  public String reason() {
    return reason;
  }
}
