package org.offlineauth.client;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A URI cut at its delimiters (RFC 3986 section 3), each byte checked, nothing decoded. It is stricter
 * than java.net.URI and android.net.Uri, which accept what other parsers read otherwise.
 */
final class StrictUri {
  private static final Pattern BYTES = Pattern.compile("(?:[A-Za-z0-9\\-._~!$&'()*+,;=:/?\\[\\]@]|%[2-6][0-9A-Fa-f]|%7[0-9A-Ea-e]|%[89A-Fa-f][0-9A-Fa-f])+");
  private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.\\-]*");
  private static final Pattern LABEL = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
  private static final Pattern DECIMAL = Pattern.compile("0|[1-9][0-9]{0,2}");
  private static final int MAX_PARAMETERS = 64;

  final String scheme;
  final String authority; // null without "//"
  final String path;
  final String query; // null without "?"

  private StrictUri(String scheme, String authority, String path, String query) {
    this.scheme = scheme;
    this.authority = authority;
    this.path = path;
    this.query = query;
  }

  /** Cuts an absolute URI without a fragment of at most max bytes. */
  static StrictUri parse(String what, String s, int max) throws InvalidUriException {
    if (s.length() > max || !BYTES.matcher(s).matches()) {
      throw new InvalidUriException(what, "is empty, too long, or has bytes that a URI without a fragment cannot have");
    }
    int colon = s.indexOf(':');
    if (colon < 0 || !SCHEME.matcher(s.substring(0, colon)).matches()) {
      throw new InvalidUriException(what, "does not begin with a scheme in lower case");
    }
    String rest = s.substring(colon + 1);
    int mark = rest.indexOf('?');
    String query = mark < 0 ? null : rest.substring(mark + 1);
    String path = mark < 0 ? rest : rest.substring(0, mark);
    String authority = null;
    if (path.startsWith("//")) {
      int slash = path.indexOf('/', 2);
      int end = slash < 0 ? path.length() : slash;
      authority = path.substring(2, end);
      path = path.substring(end);
    }
    String behind = path + (query == null ? "" : query);
    if (behind.indexOf('[') >= 0 || behind.indexOf(']') >= 0) {
      throw new InvalidUriException(what, "contains a bracket outside an IPv6 address");
    }
    checkPath(what, path);
    return new StrictUri(s.substring(0, colon), authority, path, query);
  }

  private static void checkPath(String what, String path) throws InvalidUriException {
    String plain = path.replaceAll("%2[eE]", ".").replaceAll("%5[cC]", "\\\\");
    if (plain.indexOf('\\') >= 0) {
      throw new InvalidUriException(what, "has an encoded backslash in its path");
    }
    for (String segment : plain.split("/", -1)) {
      if (segment.equals(".") || segment.equals("..")) {
        throw new InvalidUriException(what, "has a dot segment in its path");
      }
    }
  }

  /** The host of the authority, in lower case; an address of IPv6 keeps its brackets. */
  String host(String what) throws InvalidUriException {
    String all = authority == null ? "" : authority;
    if (all.indexOf('@') >= 0 || all.indexOf('%') >= 0) {
      throw new InvalidUriException(what, "has userinfo or a percent sign before or in its host");
    }
    int colon = all.lastIndexOf(':');
    boolean port = colon > all.lastIndexOf(']');
    if (port) {
      checkPort(what, all.substring(colon + 1));
    }
    String host = port ? all.substring(0, colon) : all;
    if (host.startsWith("[")) {
      checkIPv6(what, host);
    } else {
      checkName(what, host);
    }
    return host;
  }

  boolean hasPort() {
    return authority != null && authority.lastIndexOf(':') > authority.lastIndexOf(']');
  }

  private static void checkPort(String what, String port) throws InvalidUriException {
    if (!port.matches("[1-9][0-9]{0,4}") || Integer.parseInt(port) > 65535) {
      throw new InvalidUriException(what, "has a port that is not a plain number from 1 to 65535");
    }
  }

  private static void checkName(String what, String host) throws InvalidUriException {
    if (host.length() > 253) {
      throw new InvalidUriException(what, "has a host longer than 253 bytes");
    }
    String[] labels = host.split("\\.", -1);
    for (String label : labels) {
      if (!LABEL.matcher(label).matches()) {
        throw new InvalidUriException(what, "has a host that is not a name in lower case");
      }
    }
    if (labels[labels.length - 1].matches("[0-9]+|0x[0-9a-f]*") && !isIPv4(labels)) {
      throw new InvalidUriException(what, "has a host that is neither a name nor an IPv4 address of four plain numbers");
    }
  }

  /** Whether a host that was checked is an address, and no name. */
  static boolean isAddress(String host) {
    return host.startsWith("[") || isIPv4(host.split("\\.", -1));
  }

  private static boolean isIPv4(String[] labels) {
    for (String label : labels) {
      if (!DECIMAL.matcher(label).matches() || Integer.parseInt(label) > 255) {
        return false;
      }
    }
    return labels.length == 4;
  }

  /** One spelling only, that of RFC 5952, so that equal addresses are equal strings. */
  private static void checkIPv6(String what, String host) throws InvalidUriException {
    int[] groups = host.endsWith("]") ? ipv6(host.substring(1, host.length() - 1)) : null;
    if (groups == null || !host.equals("[" + shortest(groups) + "]")) {
      throw new InvalidUriException(what, "has a host that is not an IPv6 address in its shortest form");
    }
  }

  private static int[] ipv6(String s) {
    int gap = s.indexOf("::");
    List<Integer> first = groups(gap < 0 ? s : s.substring(0, gap));
    List<Integer> last = groups(gap < 0 ? "" : s.substring(gap + 2));
    if (first == null || last == null || (gap < 0 ? first.size() != 8 : first.size() + last.size() > 7)) {
      return null;
    }
    int[] all = new int[8];
    for (int i = 0; i < first.size(); i++) {
      all[i] = first.get(i);
    }
    for (int i = 0; i < last.size(); i++) {
      all[8 - last.size() + i] = last.get(i);
    }
    return all;
  }

  private static List<Integer> groups(String s) {
    List<Integer> groups = new ArrayList<>();
    if (s.isEmpty()) {
      return groups;
    }
    for (String group : s.split(":", -1)) {
      if (!group.matches("[0-9a-f]{1,4}")) {
        return null;
      }
      groups.add(Integer.parseInt(group, 16));
    }
    return groups;
  }

  private static String shortest(int[] groups) {
    int start = -1;
    int longest = 1; // a single zero is not shortened
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - i > longest) {
        start = i;
        longest = end - i;
      }
    }
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == start) {
        s.append("::");
        i += longest - 1;
        continue;
      }
      if (s.length() > 0 && s.charAt(s.length() - 1) != ':') {
        s.append(':');
      }
      s.append(Integer.toHexString(groups[i]));
    }
    return s.toString();
  }

  /** The parameters of the query (RFC 6749 appendix B), decoded, in the order they came. */
  Map<String, List<String>> parameters(String what) throws InvalidUriException {
    return parameters(what, query);
  }

  static Map<String, List<String>> parameters(String what, String query) throws InvalidUriException {
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    if (query == null) {
      return parameters;
    }
    String[] pairs = query.split("&", -1);
    if (query.indexOf(';') >= 0 || pairs.length > MAX_PARAMETERS) {
      throw new InvalidUriException(what, "has a ; or too many parameters in its query");
    }
    for (String pair : pairs) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String name = decode(equals < 0 ? pair : pair.substring(0, equals));
      if (name == null || name.isEmpty()) {
        throw new InvalidUriException(what, "has a parameter whose name is empty or not text");
      }
      String value = decode(equals < 0 ? "" : pair.substring(equals + 1));
      if (value == null) {
        throw new InvalidUriException(name, "is not UTF-8 text without control characters");
      }
      List<String> values = parameters.get(name);
      if (values == null) {
        parameters.put(name, values = new ArrayList<>());
      }
      values.add(value);
    }
    return parameters;
  }

  /** Decodes what {@link #parse} has checked; null if it is not text. */
  private static String decode(String encoded) {
    ByteBuffer bytes = ByteBuffer.allocate(encoded.length());
    Matcher triplet = Pattern.compile("%(..)|(.)").matcher(encoded);
    while (triplet.find()) {
      String plain = triplet.group(2);
      bytes.put((byte) (plain == null ? Integer.parseInt(triplet.group(1), 16) : plain.equals("+") ? ' ' : plain.charAt(0)));
    }
    bytes.flip();
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
      for (int i = 0; i < text.length(); i++) {
        if (Character.isISOControl(text.charAt(i))) {
          return null;
        }
      }
      return text;
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /** Percent-encodes all but unreserved characters, a space as %20. */
  static String encode(String value) {
    StringBuilder s = new StringBuilder();
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xFF);
      if (c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0)) {
        s.append(c);
      } else {
        s.append('%').append(Character.toUpperCase(Character.forDigit(c >> 4, 16))).append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
      }
    }
    return s.toString();
  }

  /** Whether all is VSCHAR, %x20-7E (RFC 6749 appendix A). */
  static boolean isVisible(String s) {
    for (int i = 0; i < s.length(); i++) {
      if (s.charAt(i) < 0x20 || s.charAt(i) > 0x7E) {
        return false;
      }
    }
    return true;
  }
}
