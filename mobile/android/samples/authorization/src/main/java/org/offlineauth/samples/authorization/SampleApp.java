package org.offlineauth.samples.authorization;

import android.app.Application;
import java.nio.charset.StandardCharsets;
import org.offlineauth.mobile.Token;
import org.offlineauth.server.AuthorizationApp;
import org.offlineauth.server.Setup;

/** An authorization app with one REST API of its own. */
public final class SampleApp extends Application implements AuthorizationApp {
  @Override
  public Setup authorization() {
    return new Setup("https://auth.example")
        .customScheme("example.auth")
        .memoryLimit(64 << 20)
        .api("/notes/", "notes", "Read your notes")
        .answers(SampleApp::notes);
  }

  /** Answers every request with the same note, for whoever the token says. */
  static byte[] notes(byte[] request, Token token) {
    String note = "{\"for\":\"" + token.getAccount() + "\",\"note\":\"Bring the map.\"}";
    byte[] body = note.getBytes(StandardCharsets.UTF_8);
    String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n";
    return (head + note).getBytes(StandardCharsets.UTF_8);
  }
}
