package org.offlineauth.client;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A redirect URI that may be registered (RFC 8252 section 7). */
final class RedirectUri {
  static final List<String> RESPONSE =
      Arrays.asList("code", "state", "iss", "ipc-service", "ipc-server", "error", "error_description", "error_uri");
  private static final int MAX = 2048;

  final String uri;
  final String kind;

  RedirectUri(String uri) throws InvalidUriException {
    String what = "redirect_uri";
    StrictUri u = StrictUri.parse(what, uri, MAX);
    if (uri.indexOf('*') >= 0) {
      throw new InvalidUriException(what, "has a wildcard");
    }
    if (u.query != null) {
      checkQuery(u);
    }
    switch (u.scheme) {
      case "https":
        checkClaimed(u);
        kind = "claimed https";
        break;
      case "http":
        checkLoopback(u);
        kind = "loopback";
        break;
      default:
        checkPrivateUse(u);
        kind = "private-use scheme";
    }
    this.uri = uri;
  }

  private static void checkQuery(StrictUri u) throws InvalidUriException {
    Map<String, List<String>> parameters;
    try {
      parameters = u.parameters("redirect_uri");
    } catch (InvalidUriException e) {
      throw new InvalidUriException("redirect_uri", "has a query that parsers read differently");
    }
    if (parameters.isEmpty()) {
      throw new InvalidUriException("redirect_uri", "has an empty query");
    }
    for (Map.Entry<String, List<String>> parameter : parameters.entrySet()) {
      if (parameter.getValue().size() > 1 || RESPONSE.contains(parameter.getKey())) {
        throw new InvalidUriException("redirect_uri", "has a parameter twice, or one that is going to be added to it");
      }
    }
  }

  private static void checkClaimed(StrictUri u) throws InvalidUriException {
    String host = u.host("redirect_uri");
    if (StrictUri.isAddress(host) || host.indexOf('.') < 0 || u.path.isEmpty()) {
      throw new InvalidUriException("redirect_uri", "is https without a domain name or without a path");
    }
  }

  private static void checkLoopback(StrictUri u) throws InvalidUriException {
    String host = u.host("redirect_uri");
    if (!host.equals("127.0.0.1") && !host.equals("[::1]") || u.path.isEmpty()) {
      throw new InvalidUriException("redirect_uri", "is http to another host than 127.0.0.1 or [::1], or has no path");
    }
  }

  private static void checkPrivateUse(StrictUri u) throws InvalidUriException {
    List<String> labels = Arrays.asList(u.scheme.split("\\.", -1));
    if (labels.size() < 2 || labels.contains("")) {
      throw new InvalidUriException("redirect_uri", "has a scheme that is not a domain name reversed (RFC 8252 section 8.4)");
    }
    if (u.authority == null) {
      if (!u.path.startsWith("/")) {
        throw new InvalidUriException("redirect_uri", "has no slash after its scheme");
      }
      return;
    }
    u.host("redirect_uri");
    if (u.hasPort()) {
      throw new InvalidUriException("redirect_uri", "has a port, which a private-use scheme does not have");
    }
  }
}
