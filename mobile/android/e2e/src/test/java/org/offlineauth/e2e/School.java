package org.offlineauth.e2e;

import android.app.Application;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.offlineauth.mobile.Token;
import org.offlineauth.server.AuthorizationApp;
import org.offlineauth.server.Setup;

/** An authorization app whose API gives back what it is sent. */
public final class School extends Application implements AuthorizationApp {
  static final String ISSUER = "https://auth.example";

  @Override
  public Setup authorization() {
    return new Setup(ISSUER).api("/notes/", "notes", "Read your notes").answers(School::echo).keystore(new MemoryKeystore());
  }

  private static byte[] echo(byte[] request, Token token) {
    int body = new String(request, StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n") + 4;
    byte[] head = ("HTTP/1.1 200 OK\r\nContent-Length: " + (request.length - body) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(head, head.length + request.length - body);
    System.arraycopy(request, body, all, head.length, request.length - body);
    return all;
  }
}
