package org.offlineauth.server;

import android.net.Uri;
import android.webkit.WebResourceResponse;
import java.io.ByteArrayInputStream;
import java.util.HashMap;
import java.util.Map;
import org.offlineauth.mobile.Page;
import org.offlineauth.mobile.Screen;

/** The pages of one web view, out of the Go library. Everything else is not found. */
final class PageSource {
  /** No network has it: the name is reserved (RFC 6761). */
  static final String ORIGIN = "https://person.invalid/";

  private final Screen screen;

  PageSource(Screen screen) {
    this.screen = screen;
  }

  static boolean ours(Uri uri) {
    return uri.toString().startsWith(ORIGIN);
  }

  /** The page at an address. It waits for the disk. */
  Page load(Uri uri) {
    String address = uri.toString().substring(ORIGIN.length());
    int fragment = address.indexOf('#');
    return screen.load(fragment < 0 ? address : address.substring(0, fragment));
  }

  /** A page as the web view takes it. */
  static WebResourceResponse response(Page page) {
    String[] type = page.getType().split("; charset=");
    byte[] body = page.body();
    Map<String, String> headers = new HashMap<>();
    headers.put("Cache-Control", "no-store");
    headers.put("Referrer-Policy", "no-referrer");
    headers.put("X-Content-Type-Options", "nosniff");
    headers.put("Content-Security-Policy", page.getPolicy().isEmpty() ? "default-src 'none'" : page.getPolicy());
    return new WebResourceResponse(
        type[0],
        type.length > 1 ? type[1] : null,
        (int) page.getStatus(),
        page.getStatus() < 400 ? "OK" : "Error", // the web view wants a word
        headers,
        new ByteArrayInputStream(body == null ? new byte[0] : body));
  }

  /** What is at every other address. */
  static WebResourceResponse nothing() {
    return new WebResourceResponse("text/plain", null, 404, "Not Found", new HashMap<>(), new ByteArrayInputStream(new byte[0]));
  }
}
