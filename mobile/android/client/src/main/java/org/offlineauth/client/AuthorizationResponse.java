package org.offlineauth.client;

import java.util.Collections;
import java.util.List;
import java.util.Map;

/** What a redirect brought (RFC 6749 section 4.1.2): a code or an error, never both. */
final class AuthorizationResponse {
  private static final int MAX = 16 << 10;

  final String code; // "" with an error
  final String state; // null if there is none
  final String issuer; // "" if there is none
  final String service; // the value of ipc-service; "" if there is none
  final String error; // "" with a code
  final String errorDescription;
  final String errorUri; // an https URL, or ""

  private AuthorizationResponse(Map<String, List<String>> parameters) throws InvalidUriException {
    code = limited(parameters, "code", 1 << 10);
    state = parameters.containsKey("state") ? limited(parameters, "state", 1 << 10) : null;
    issuer = limited(parameters, "iss", 512);
    service = service(parameters);
    error = limited(parameters, "error", 128);
    if (code.isEmpty() == error.isEmpty()) {
      throw new InvalidUriException("code", "is missing without an error, or there with one");
    }
    if (error.indexOf('"') >= 0 || error.indexOf('\\') >= 0) {
      throw new InvalidUriException("error", "has a character that RFC 6749 section 4.1.2.1 does not allow");
    }
    errorDescription = error.isEmpty() ? "" : describe(value(parameters, "error_description"));
    errorUri = error.isEmpty() ? "" : page(value(parameters, "error_uri"));
  }

  /**
   * Reads what was received. The parameter of an exception is "redirect_uri" if it is not the redirect
   * of this client at all.
   */
  static AuthorizationResponse read(RedirectUri expected, String received) throws InvalidUriException {
    StrictUri uri = StrictUri.parse("redirect", received, MAX);
    if (!base(received).equals(base(expected.uri))) {
      throw new InvalidUriException("redirect_uri", "is not where this redirect goes");
    }
    Map<String, List<String>> parameters = uri.parameters("redirect");
    int mark = expected.uri.indexOf('?');
    Map<String, List<String>> own = StrictUri.parameters("redirect_uri", mark < 0 ? null : expected.uri.substring(mark + 1));
    for (Map.Entry<String, List<String>> parameter : own.entrySet()) {
      List<String> values = parameters.get(parameter.getKey());
      if (values == null || !values.get(0).equals(parameter.getValue().get(0))) {
        throw new InvalidUriException("redirect_uri", "has parameters that this redirect lacks");
      }
    }
    for (Map.Entry<String, List<String>> parameter : parameters.entrySet()) {
      if (parameter.getValue().size() > 1) {
        throw new InvalidUriException(parameter.getKey(), "occurs more than once");
      }
    }
    return new AuthorizationResponse(parameters);
  }

  private static String base(String uri) {
    int mark = uri.indexOf('?');
    return mark < 0 ? uri : uri.substring(0, mark);
  }

  private static String value(Map<String, List<String>> parameters, String name) {
    List<String> values = parameters.get(name);
    return values == null ? "" : values.get(0);
  }

  private static String limited(Map<String, List<String>> parameters, String name, int max) throws InvalidUriException {
    String value = value(parameters, name);
    if (value.length() > max || !StrictUri.isVisible(value)) {
      throw new InvalidUriException(name, "is too long, or has characters other than visible ASCII");
    }
    return value;
  }

  /** An older text of the recipe calls it ipc-server. */
  private static String service(Map<String, List<String>> parameters) throws InvalidUriException {
    String service = limited(parameters, "ipc-service", ServiceAddress.MAX);
    String older = value(parameters, "ipc-server");
    if (service.isEmpty() || older.isEmpty() || service.equals(older)) {
      return service.isEmpty() ? limited(renamed(older), "ipc-service", ServiceAddress.MAX) : service;
    }
    throw new InvalidUriException("ipc-service", "differs from ipc-server");
  }

  private static Map<String, List<String>> renamed(String older) {
    return Collections.singletonMap("ipc-service", Collections.singletonList(older));
  }

  private static String describe(String text) {
    String plain = text.replace('"', '\'').replace('\\', '/').replaceAll("[^ -~]", "?");
    return plain.substring(0, Math.min(plain.length(), 512));
  }

  private static String page(String uri) {
    try {
      StrictUri u = StrictUri.parse("error_uri", uri, 2048);
      u.host("error_uri");
      return u.scheme.equals("https") ? uri : "";
    } catch (InvalidUriException e) {
      return ""; // the error matters more
    }
  }
}
