package org.offlineauth.client;

/** A URI, or a parameter of it, is not as it has to be. */
final class InvalidUriException extends Exception {
  private final String parameter;

  InvalidUriException(String parameter, String message) {
    super(parameter + " " + message);
    this.parameter = parameter;
  }

  /** What is at fault: "redirect_uri", "issuer", or a parameter's name. */
  String parameter() {
    return parameter;
  }
}
