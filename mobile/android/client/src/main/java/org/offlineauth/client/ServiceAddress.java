package org.offlineauth.client;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One target of an ipc-service value (section 7 of the protocol). */
final class ServiceAddress {
  static final int MAX = 512; // bytes of a value

  private static final int MAX_SOCKET = 107; // bytes of a socket's name
  private static final String JAVA = "[A-Za-z][A-Za-z0-9_]*(?:\\.[A-Za-z][A-Za-z0-9_]*)+";
  private static final Pattern ANDROID =
      Pattern.compile("(" + JAVA + ")(?:/(\\.?[A-Za-z][A-Za-z0-9_$]*(?:\\.[A-Za-z][A-Za-z0-9_$]*)*))?(?:#(" + JAVA + "))?");
  private static final Pattern DBUS =
      Pattern.compile("([A-Za-z_-][A-Za-z0-9_-]*(?:\\.[A-Za-z_-][A-Za-z0-9_-]*)+)(/|(?:/[A-Za-z0-9_]+)+)?(?:\\?bus=(session|system))?");
  private static final Pattern XPC =
      Pattern.compile("([A-Za-z0-9][A-Za-z0-9_-]*(?:\\.[A-Za-z0-9][A-Za-z0-9_-]*)+)(?:\\?team=([A-Z0-9]{10}))?");
  private static final Pattern PIPE = Pattern.compile("([A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*)");
  private static final Pattern PLAIN = Pattern.compile("(?:[A-Za-z0-9\\-._~/:@+=$]|%[0-9A-Fa-f]{2})*");
  private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.\\-]*");

  final String scheme;
  final String name; // the package, path or name
  final String object; // class or object path; "" if there is none
  final String action; // "" if there is none
  final String parameter; // bus or team; "" if there is none

  private ServiceAddress(String scheme, String name, String object, String action, String parameter) {
    this.scheme = scheme;
    this.name = name;
    this.object = object == null ? "" : object;
    this.action = action == null ? "" : action;
    this.parameter = parameter == null ? "" : parameter;
  }

  /** The service of a package, whatever its class and action. */
  static ServiceAddress ofPackage(String name) {
    return new ServiceAddress("android", name, "", "", "");
  }

  boolean isAndroid() {
    return scheme.equals("android");
  }

  /**
   * Reads a value: targets of schemes that are not known are left out, one that is malformed refuses it
   * all. An IllegalArgumentException says why.
   */
  static List<ServiceAddress> parse(String value) {
    if (value.length() > MAX || !value.matches("[!-~]+")) {
      throw new IllegalArgumentException("only visible ASCII of at most " + MAX + " bytes is allowed");
    }
    List<ServiceAddress> service = new ArrayList<>();
    for (String target : value.split(",", -1)) {
      ServiceAddress address = parseTarget(target);
      if (address != null) {
        service.add(address);
      }
    }
    if (service.isEmpty()) {
      throw new IllegalArgumentException("no target has a scheme known here");
    }
    return service;
  }

  private static ServiceAddress parseTarget(String target) {
    int colon = target.indexOf(':');
    if (colon < 0) {
      if (!target.matches(JAVA)) {
        throw new IllegalArgumentException("not a target: " + target);
      }
      return ofPackage(target);
    }
    String scheme = target.substring(0, colon);
    String rest = target.substring(colon + 1);
    switch (scheme) {
      case "unix":
      case "unix-seqpacket":
        return new ServiceAddress(scheme, path(decode(rest)), "", "", "");
      case "unix-abstract":
        return new ServiceAddress(scheme, socket(decode(rest)), "", "", "");
      case "dbus":
        return bus(rest);
      case "android":
        Matcher android = matched(ANDROID, decodedClass(rest));
        return new ServiceAddress(scheme, android.group(1), android.group(2), android.group(3), "");
      case "xpc":
        Matcher xpc = matched(XPC, rest);
        return new ServiceAddress(scheme, xpc.group(1), "", "", xpc.group(2));
      case "npipe":
        return new ServiceAddress(scheme, matched(PIPE, rest).group(1), "", "", "");
      default:
        if (!SCHEME.matcher(scheme).matches()) {
          throw new IllegalArgumentException("not a target: " + target);
        }
        return null;
    }
  }

  private static Matcher matched(Pattern pattern, String s) {
    Matcher m = pattern.matcher(s);
    if (!m.matches()) {
      throw new IllegalArgumentException("malformed: " + s);
    }
    return m;
  }

  private static ServiceAddress bus(String s) {
    int end = s.indexOf('/') >= 0 ? s.indexOf('/') : s.indexOf('?') >= 0 ? s.indexOf('?') : s.length();
    Matcher m = matched(DBUS, decode(s.substring(0, end)) + s.substring(end));
    if (m.group(1).length() > 255) {
      throw new IllegalArgumentException("not a well-known bus name");
    }
    return new ServiceAddress("dbus", m.group(1), m.group(2), "", "system".equals(m.group(3)) ? "system" : "");
  }

  private static String decodedClass(String s) {
    int hash = s.indexOf('#') >= 0 ? s.indexOf('#') : s.length();
    int slash = s.indexOf('/');
    if (slash < 0 || slash > hash) {
      return s;
    }
    return s.substring(0, slash + 1) + decode(s.substring(slash + 1, hash)) + s.substring(hash);
  }

  private static String path(String p) {
    List<String> segments = Arrays.asList(p.split("/", -1));
    if (!p.startsWith("/") || p.indexOf('\\') >= 0 || segments.lastIndexOf("") > 0 || segments.contains(".") || segments.contains("..")) {
      throw new IllegalArgumentException("the path must be a file's, absolute, without empty, . or .. segments");
    }
    return socket(p);
  }

  private static String socket(String name) {
    if (name.isEmpty() || name.getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET) {
      throw new IllegalArgumentException("the name of the socket is missing or too long");
    }
    return name;
  }

  private static String decode(String s) {
    if (!PLAIN.matcher(s).matches()) {
      throw new IllegalArgumentException("badly percent-encoded: " + s);
    }
    ByteBuffer bytes = ByteBuffer.allocate(s.length());
    for (int i = 0; i < s.length(); i++) {
      boolean encoded = s.charAt(i) == '%';
      bytes.put((byte) (encoded ? Integer.parseInt(s.substring(i + 1, i + 3), 16) : s.charAt(i)));
      i += encoded ? 2 : 0;
    }
    bytes.flip();
    try {
      String decoded = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
      for (int i = 0; i < decoded.length(); i++) {
        if (decoded.charAt(i) < ' ' || decoded.charAt(i) == 0x7F) {
          throw new IllegalArgumentException("control characters are not allowed");
        }
      }
      return decoded;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("not UTF-8", e);
    }
  }

  private static String encode(String s) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : s.getBytes(StandardCharsets.UTF_8)) {
      String c = String.valueOf((char) (b & 0xFF));
      encoded.append(!c.equals("%") && b > 0 && PLAIN.matcher(c).matches() ? c : String.format("%%%02X", b & 0xFF));
    }
    return encoded.toString();
  }

  /** The one spelling in which it is written. */
  @Override
  public String toString() {
    switch (scheme) {
      case "android":
        return object.isEmpty() && action.isEmpty() ? name : "android:" + name + after("/", object) + after("#", action);
      case "dbus":
        return "dbus:" + name + object + after("?bus=", parameter);
      case "xpc":
        return "xpc:" + name + after("?team=", parameter);
      default:
        return scheme + ":" + encode(name);
    }
  }

  private static String after(String separator, String value) {
    return value.isEmpty() ? "" : separator + value;
  }
}
