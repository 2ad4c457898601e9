package org.offlineauth.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;

/** The message wire: one HTTP/1.1 message in a byte array, each way (section 9 of the protocol). */
final class Messages {
  static final int MAX_BODY = 16 << 20; // bytes
  private static final int MAX_NAME = 1000;
  private static final int MAX_VALUE = 4000;

  private Messages() {}

  static byte[] write(Request request) throws IOException {
    Buffer body = new Buffer();
    RequestBody given = request.body();
    if (given != null) {
      if (given.contentLength() > MAX_BODY) {
        throw new TooLargeException(false);
      }
      given.writeTo(body);
      if (body.size() > MAX_BODY) {
        throw new TooLargeException(false);
      }
    }
    boolean length = body.size() > 0 || expectsBody(request.method());
    byte[] head = head(request, length ? "Content-Length: " + body.size() + "\r\n" : "");
    byte[] content = body.readByteArray();
    byte[] message = Arrays.copyOf(head, head.length + content.length);
    System.arraycopy(content, 0, message, head.length, content.length);
    return message;
  }

  private static boolean expectsBody(String method) {
    return method.equals("POST") || method.equals("PUT") || method.equals("PATCH");
  }

  /** The head of a request, Host first, then the framing, then the fields in alphabetical order. */
  static byte[] head(Request request, String framing) throws IOException {
    String method = request.method();
    if (!HttpHead.isToken(method) || method.equals("CONNECT")) {
      throw new MessageException("method", method + " cannot be sent");
    }
    String host = request.url().host();
    if (!host.matches("[A-Za-z0-9.~-]+|[0-9a-f:.]+")) { // an underscore is not understood everywhere
      throw new MessageException("host", "not the name of a host");
    }
    host = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    host += request.url().port() == 443 ? "" : ":" + request.url().port();
    String query = request.url().encodedQuery();
    StringBuilder head = new StringBuilder(method).append(' ').append(request.url().encodedPath());
    head.append(query == null ? "" : "?" + query).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n").append(framing);
    for (Map.Entry<String, List<String>> field : fields(request).entrySet()) {
      for (String value : field.getValue()) {
        head.append(field.getKey()).append(": ").append(checked(field.getKey(), value)).append("\r\n");
      }
    }
    byte[] bytes = head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > HttpHead.MAX) {
      throw new TooLargeException(false);
    }
    return bytes;
  }

  private static Map<String, List<String>> fields(Request request) {
    Map<String, List<String>> fields = new TreeMap<>();
    Headers headers = request.headers();
    for (int i = 0; i < headers.size(); i++) {
      add(fields, headers.name(i), headers.value(i));
    }
    MediaType type = request.body() == null ? null : request.body().contentType();
    if (type != null && headers.get("Content-Type") == null) {
      add(fields, "Content-Type", type.toString());
    }
    return fields;
  }

  private static void add(Map<String, List<String>> fields, String name, String value) {
    if (!HttpHead.isEndToEnd(name)) {
      return;
    }
    String key = canonical(name);
    List<String> values = fields.get(key);
    if (values == null) {
      fields.put(key, values = new ArrayList<>());
    }
    values.add(HttpHead.trim(value));
  }

  private static String canonical(String name) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      String c = name.substring(i, i + 1);
      s.append(i == 0 || name.charAt(i - 1) == '-' ? c.toUpperCase(Locale.ROOT) : c.toLowerCase(Locale.ROOT));
    }
    return s.toString();
  }

  private static String checked(String name, String value) throws MessageException {
    if (!HttpHead.isToken(name)) {
      throw new MessageException("field-name", "not the name of a header field");
    }
    if (name.length() > MAX_NAME) {
      throw new MessageException("field-name-long", "over " + MAX_NAME + " bytes");
    }
    if (value.getBytes(StandardCharsets.UTF_8).length > MAX_VALUE) {
      throw new MessageException("field-value-long", name + " is over " + MAX_VALUE + " bytes");
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < ' ' && c != '\t' || c == 0x7F) {
        throw new MessageException("control-character", "in the value of " + name);
      }
    }
    return value;
  }

  /** Reads the one answer. Without a length its body is all that is left. */
  static Response read(byte[] message, Request request) throws IOException {
    HttpHead head = new HttpHead(message);
    if (head.status < 200) {
      throw new MessageException("status", "an interim response");
    }
    boolean chunked = head.isChunked();
    long length = head.length();
    byte[] body = new byte[0];
    boolean hasBody = head.hasBody(request.method());
    if (hasBody && chunked) {
      body = chunks(message, head.end);
    } else if (hasBody) {
      int left = message.length - head.end;
      if (length > left) {
        throw new MessageException("body-short", "fewer bytes than Content-Length says");
      }
      body = Arrays.copyOfRange(message, head.end, head.end + (int) (length < 0 ? left : length));
    }
    Headers headers = head.headers(hasBody ? body.length : -1);
    return new Response.Builder()
        .request(request)
        .protocol(Protocol.HTTP_1_1)
        .code(head.status)
        .message(head.reason)
        .headers(headers)
        .body(ResponseBody.create(body, type(headers)))
        .build();
  }

  static MediaType type(Headers headers) {
    String type = headers.get("Content-Type");
    return type == null ? null : MediaType.parse(type);
  }

  private static byte[] chunks(byte[] message, int at) throws MessageException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int newline = at;
      while (newline < message.length && message[newline] != '\n') {
        newline++;
      }
      if (newline >= message.length) {
        throw new MessageException("chunk", "the size of a chunk is missing");
      }
      long size = chunkSize(new String(message, at, newline - at, StandardCharsets.ISO_8859_1));
      at = newline + 1;
      if (size == 0) {
        return body.toByteArray(); // trailers are dropped
      }
      if (size > message.length - at) {
        throw new MessageException("chunk", "a chunk is shorter than it says");
      }
      body.write(message, at, (int) size);
      at += (int) size;
      if (at < message.length && message[at] == '\r') {
        at++;
      }
      if (at >= message.length || message[at] != '\n') {
        throw new MessageException("chunk", "a chunk is longer than it says");
      }
      at++;
    }
  }

  /** The size of a chunk in bytes, from its line; extensions are dropped. */
  static long chunkSize(String line) throws MessageException {
    String size = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    int semicolon = size.indexOf(';');
    size = HttpHead.trim(semicolon < 0 ? size : size.substring(0, semicolon));
    if (!size.matches("[0-9A-Fa-f]{1,15}")) {
      throw new MessageException("chunk", "the size of a chunk is malformed");
    }
    return Long.parseLong(size, 16);
  }
}
