package org.offlineauth.server;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.offlineauth.mobile.App;

/** A login as the maths app does it by hand. */
final class Login {
  // The verifier and challenge of RFC 7636 appendix B.
  static final String VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  static final String REDIRECT_URI = "com.example.maths:/done";
  static final String LINK =
      TestApp.ISSUER
          + "/authorize?client_id=maths&redirect_uri=com.example.maths%3A%2Fdone&response_type=code&scope=openid+notes&state=s"
          + "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

  private Login() {}

  /** Installs the apps, and tells the server of a person and of the maths app. */
  static App prepare() throws Exception {
    FakeKeystore.install();
    Phone.install(Phone.MATHS, Phone.MATHS_UID, "maths");
    Phone.install(Phone.THIEF, Phone.THIEF_UID, "thief");
    Phone.claims(Phone.MATHS, "com.example.maths", null);
    App app = AuthorizationServer.of(Phone.application()).app();
    app.addAccount("amina", "Amina");
    app.addClient("maths", "Maths", REDIRECT_URI, "openid profile notes", Phone.identity(Phone.MATHS, "maths"));
    return app;
  }

  static String account(App app) throws Exception {
    return find("\"id\":\"([^\"]+)\"", app.accounts().get());
  }

  static byte[] tokenRequest(String redirect) throws Exception {
    String code = URLDecoder.decode(find("[?&]code=([^&]+)", redirect), "UTF-8");
    return message(
        "POST /token HTTP/1.1\r\nHost: auth.example\r\nContent-Type: application/x-www-form-urlencoded",
        ("grant_type=authorization_code&client_id=maths&redirect_uri=" + URLEncoder.encode(REDIRECT_URI, "UTF-8")
                + "&code=" + URLEncoder.encode(code, "UTF-8") + "&code_verifier=" + VERIFIER)
            .getBytes(StandardCharsets.US_ASCII));
  }

  static byte[] message(String head, byte[] body) {
    byte[] first = (head + "\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = Arrays.copyOf(first, first.length + body.length);
    System.arraycopy(body, 0, all, first.length, body.length);
    return all;
  }

  static String find(String pattern, String text) {
    Matcher m = Pattern.compile(pattern).matcher(text);
    if (!m.find()) {
      throw new AssertionError(pattern + " is not in " + text);
    }
    return m.group(1);
  }
}
