package org.offlineauth.client;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import okhttp3.Headers;

/** The head of a response, read more strictly than HTTP clients do (section 9.3 of the protocol). */
final class HttpHead {
  static final int MAX = 64 << 10; // bytes
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9!#$%&'*+\\-.^_`|~]+");
  private static final Set<String> CONNECTION =
      new HashSet<>(
          Arrays.asList("connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
              "content-length", "host"));

  final int status;
  final String reason;
  final int end; // where the body begins
  private final List<String> fields = new ArrayList<>(); // names and values by turns

  /** Reads the head at the beginning of bytes, which may end with it. */
  HttpHead(byte[] bytes) throws MessageException {
    String start = null;
    int at = 0;
    while (true) {
      int newline = indexOf(bytes, at);
      int stop = newline < 0 ? bytes.length : newline;
      if (stop > MAX) {
        throw new MessageException("too-large", "a head over " + MAX + " bytes");
      }
      boolean cr = newline > at && bytes[newline - 1] == '\r';
      String line = line(bytes, at, cr ? stop - 1 : stop);
      at = newline < 0 ? bytes.length : newline + 1;
      if (start == null) {
        if (line.isEmpty()) {
          throw new MessageException("start-line", "the message begins with an empty line");
        }
        start = line;
      } else if (line.isEmpty()) {
        break;
      } else {
        addField(line);
      }
      if (at >= bytes.length) {
        break;
      }
    }
    end = at;
    String[] parts = start.split(" ", 3);
    if (!parts[0].equals("HTTP/1.1") && !parts[0].equals("HTTP/1.0")) {
      throw new MessageException("version", "not a status line of HTTP/1.1");
    }
    String code = parts.length > 1 ? parts[1] : "";
    if (!code.matches("[1-9][0-9][0-9]")) {
      throw new MessageException("status", "not a status of three digits");
    }
    status = Integer.parseInt(code);
    reason = parts.length > 2 ? parts[2] : "";
  }

  private static int indexOf(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private static String line(byte[] bytes, int from, int to) throws MessageException {
    for (int i = from; i < to; i++) {
      int c = bytes[i] & 0xFF;
      if (c == '\r') {
        throw new MessageException("bare-cr", "a CR without its LF in the head");
      }
      if (c < ' ' && c != '\t' || c == 0x7F) {
        throw new MessageException("control-character", "byte " + c + " in the head");
      }
    }
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private void addField(String line) throws MessageException {
    if (line.charAt(0) == ' ' || line.charAt(0) == '\t') {
      throw new MessageException("obs-fold", "a header field continued on the next line");
    }
    int colon = line.indexOf(':');
    if (colon < 0 || !isToken(line.substring(0, colon))) {
      throw new MessageException("field-name", "not a header field");
    }
    fields.add(line.substring(0, colon));
    fields.add(trim(line.substring(colon + 1)));
  }

  static boolean isToken(String s) {
    return TOKEN.matcher(s).matches();
  }

  /** Whether a field is about the message, not about the connection or the framing. */
  static boolean isEndToEnd(String name) {
    return !CONNECTION.contains(name.toLowerCase(Locale.ROOT));
  }

  static String trim(String value) {
    int from = 0;
    int to = value.length();
    while (from < to && (value.charAt(from) == ' ' || value.charAt(from) == '\t')) {
      from++;
    }
    while (to > from && (value.charAt(to - 1) == ' ' || value.charAt(to - 1) == '\t')) {
      to--;
    }
    return value.substring(from, to);
  }

  List<String> values(String name) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < fields.size(); i += 2) {
      if (fields.get(i).equalsIgnoreCase(name)) {
        values.add(fields.get(i + 1));
      }
    }
    return values;
  }

  boolean isChunked() throws MessageException {
    List<String> encodings = values("Transfer-Encoding");
    if (encodings.isEmpty()) {
      return false;
    }
    if (!values("Content-Length").isEmpty()) {
      throw new MessageException("length-and-encoding", "Content-Length beside Transfer-Encoding");
    }
    if (encodings.size() > 1 || !encodings.get(0).equalsIgnoreCase("chunked")) {
      throw new MessageException("transfer-encoding", "any coding but chunked");
    }
    return true;
  }

  /** The Content-Length in bytes; -1 if there is none. */
  long length() throws MessageException {
    List<String> lengths = values("Content-Length");
    if (lengths.isEmpty()) {
      return -1;
    }
    if (lengths.size() > 1) {
      throw new MessageException("content-length-repeated", "more than one Content-Length");
    }
    try {
      if (lengths.get(0).matches("[0-9]+")) {
        return Long.parseLong(lengths.get(0));
      }
    } catch (NumberFormatException e) {
      // too large for 63 bits: refused as any other
    }
    throw new MessageException("content-length", "not a number of bytes");
  }

  /** Whether a response to a method has a body (RFC 9112 section 6.3). */
  boolean hasBody(String method) {
    return !method.equals("HEAD") && status != 204 && status != 304;
  }

  /** The end-to-end fields; of several Content-Type the first. length is the body's, -1 to leave it out. */
  Headers headers(long length) {
    Headers.Builder headers = new Headers.Builder();
    if (length >= 0) {
      headers.add("Content-Length", Long.toString(length));
    }
    boolean typed = false;
    for (int i = 0; i < fields.size(); i += 2) {
      boolean type = fields.get(i).equalsIgnoreCase("Content-Type");
      if (isEndToEnd(fields.get(i)) && !(type && typed)) {
        headers.addUnsafeNonAscii(fields.get(i), fields.get(i + 1));
      }
      typed |= type;
    }
    return headers.build();
  }
}
