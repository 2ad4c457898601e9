package org.offlineauth.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.json.JSONArray;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;

final class MessageVectorsTest {
  private static Charset charset(JSONObject vector) {
    return vector.optBoolean("latin1") ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
  }

  @Test
  void responses() throws Exception {
    int tried = 0;
    for (JSONObject vector : Vectors.of(Vectors.file("messages.json"), "received")) {
      if (!vector.getString("kind").equals("response")) {
        continue;
      }
      tried++;
      byte[] message = vector.getString("message").getBytes(charset(vector));
      Request request = new Request.Builder().url("https://a.example/").method(vector.optString("to", "GET"), null).build();
      if (vector.has("refused")) {
        MessageException e = assertThrows(MessageException.class, () -> Messages.read(message, request), vector.toString());
        assertEquals(vector.getString("refused"), e.reason(), vector.toString());
        continue;
      }
      JSONObject wanted = vector.getJSONObject("accepted");
      Response response = Messages.read(message, request);
      assertEquals(wanted.getInt("status"), response.code(), vector.toString());
      assertHeaders(wanted.getJSONObject("headers"), response.headers(), vector.toString());
      assertArrayEquals(wanted.getString("body").getBytes(charset(vector)), response.body().bytes(), vector.toString());
    }
    assertEquals(16, tried);
  }

  /** The rules for a head are the same in a request, and most vectors are of these: each is tried as a response, too. */
  @Test
  void headsOfRequests() throws Exception {
    Set<String> sameInBoth =
        new TreeSet<>(List.of("length-and-encoding", "content-length-repeated", "content-length", "body-short", "transfer-encoding",
            "chunk", "obs-fold", "bare-cr", "control-character", "field-name"));
    Set<String> seen = new TreeSet<>();
    for (JSONObject vector : Vectors.of(Vectors.file("messages.json"), "received")) {
      String refused = vector.optString("refused");
      String text = vector.getString("message");
      int end = text.indexOf('\n');
      if (!vector.getString("kind").equals("request") || !sameInBoth.contains(refused) || end < 0 || text.substring(0, end).matches("(?s).*[\\p{Cntrl}&&[^\r]].*|.*\r.+")) {
        continue;
      }
      byte[] message = ("HTTP/1.1 200 OK\r" + text.substring(end)).getBytes(charset(vector));
      Request request = new Request.Builder().url("https://a.example/").build();
      MessageException e = assertThrows(MessageException.class, () -> Messages.read(message, request), vector.toString());
      assertEquals(refused, e.reason(), vector.toString());
      seen.add(refused);
    }
    assertEquals(sameInBoth, seen);
  }

  @Test
  void requests() throws Exception {
    for (JSONObject vector : Vectors.of(Vectors.file("messages.json"), "emitted")) {
      Request request;
      try {
        request = request(vector);
      } catch (IllegalArgumentException e) {
        if (!vector.has("refused")) {
          fail(vector.toString(), e);
        }
        continue; // OkHttp refuses it before we can
      }
      if (vector.has("refused")) {
        MessageException e = assertThrows(MessageException.class, () -> Messages.write(request), vector.toString());
        assertEquals(vector.getString("refused"), e.reason(), vector.toString());
      } else {
        assertEquals(vector.getString("message"), new String(Messages.write(request), charset(vector)), vector.toString());
      }
    }
  }

  private static Request request(JSONObject vector) throws Exception {
    Headers.Builder headers = new Headers.Builder();
    JSONObject given = vector.getJSONObject("headers");
    for (Iterator<String> names = given.keys(); names.hasNext(); ) {
      String name = names.next();
      JSONArray values = given.getJSONArray(name);
      for (int i = 0; i < values.length(); i++) {
        headers.add(name, values.getString(i));
      }
    }
    String method = vector.getString("method");
    byte[] bytes = vector.optString("body").getBytes(charset(vector));
    RequestBody body = vector.has("body") || method.equals("POST") ? body(bytes, vector.optBoolean("unknownLength")) : null;
    return new Request.Builder().url(vector.getString("url")).headers(headers.build()).method(method, body).build();
  }

  private static RequestBody body(byte[] bytes, boolean unknown) {
    return new RequestBody() {
      @Override
      public MediaType contentType() {
        return null;
      }

      @Override
      public long contentLength() {
        return unknown ? -1 : bytes.length;
      }

      @Override
      public void writeTo(BufferedSink sink) throws java.io.IOException {
        sink.write(bytes);
      }
    };
  }

  private static void assertHeaders(JSONObject wanted, Headers headers, String of) throws Exception {
    Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    for (Iterator<String> all = wanted.keys(); all.hasNext(); ) {
      String name = all.next();
      names.add(name);
      List<String> values = new ArrayList<>();
      for (int i = 0; i < wanted.getJSONArray(name).length(); i++) {
        values.add(wanted.getJSONArray(name).getString(i));
      }
      assertEquals(values, headers.values(name), of);
    }
    Set<String> read = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    read.addAll(headers.names());
    assertEquals(names, read, of);
  }
}
