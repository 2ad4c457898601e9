package org.offlineauth.server;

import android.app.Application;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.offlineauth.mobile.Token;

/** An authorization app with an API that echoes, or answers as much as it is asked for. */
public final class TestApp extends Application implements AuthorizationApp {
  static final String ISSUER = "https://auth.example";

  volatile int asked; // how often the API was

  @Override
  public Setup authorization() {
    return new Setup(ISSUER)
        .customScheme("example.auth")
        .api("/notes/", "notes", "Read your notes")
        .answers(this::answer);
  }

  private byte[] answer(byte[] request, Token token) throws Exception {
    asked++;
    String text = new String(request, StandardCharsets.ISO_8859_1);
    int end = text.indexOf("\r\n\r\n") + 4;
    byte[] body = text.substring(end).getBytes(StandardCharsets.ISO_8859_1);
    if (text.contains("?size=")) {
      body = new byte[Integer.parseInt(text.split("\\?size=| HTTP/1")[1])];
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    all.write(body);
    return all.toByteArray();
  }
}
