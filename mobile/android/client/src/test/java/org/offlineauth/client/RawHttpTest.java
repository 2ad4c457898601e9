package org.offlineauth.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import rawhttp.core.RawHttp;
import rawhttp.core.RawHttpRequest;
import rawhttp.core.RawHttpResponse;
import rawhttp.core.body.BytesBody;

/** The message wire with the library that httpoveripc reads and writes with. */
final class RawHttpTest {
  private static final RawHttp RAW = new RawHttp();

  @Test
  void itReadsWhatIsWritten() throws Exception {
    byte[] content = "grant_type=refresh_token&naïve=1".getBytes(StandardCharsets.UTF_8);
    Request request =
        new Request.Builder().url("https://auth.example:8443/token?a=b%20c").header("Authorization", "Bearer " + "x".repeat(3500))
            .post(RequestBody.create(content, MediaType.get("application/x-www-form-urlencoded"))).build();
    RawHttpRequest read = RAW.parseRequest(new ByteArrayInputStream(Messages.write(request))).eagerly();
    assertEquals("POST", read.getMethod());
    assertEquals("auth.example:8443", read.getHeaders().getFirst("Host").get());
    assertEquals("a=b%20c", read.getUri().getRawQuery());
    assertEquals("application/x-www-form-urlencoded", read.getHeaders().getFirst("Content-Type").get());
    assertArrayEquals(content, read.getBody().get().asRawBytes());
  }

  @Test
  void whatItWritesIsRead() throws Exception {
    byte[] content = new byte[70_000];
    content[69_999] = (byte) 0xE9;
    RawHttpResponse<?> written =
        RAW.parseResponse("HTTP/1.1 201 Created\r\nX-Name: é\r\nContent-Type: text/plain").withBody(new BytesBody(content, "image/png"));
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    written.writeTo(message);
    Response read = Messages.read(message.toByteArray(), new Request.Builder().url("https://auth.example/").build());
    assertEquals(201, read.code());
    assertArrayEquals(content, read.body().bytes());
  }

  @Test
  void whatItWritesWithoutALengthIsRead() throws Exception {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    RAW.parseResponse("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end").writeTo(message);
    Response read = Messages.read(message.toByteArray(), new Request.Builder().url("https://auth.example/").build());
    assertEquals("to the end", read.body().string());
  }
}
