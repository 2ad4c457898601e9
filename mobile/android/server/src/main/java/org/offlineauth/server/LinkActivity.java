package org.offlineauth.server;

import android.app.Activity;
import android.content.Intent;
import android.net.Uri;
import android.os.Bundle;
import android.util.Log;
import org.offlineauth.mobile.Request;

/**
 * Takes authorization links: the issuer's https links, and those of its custom scheme. Export it. It
 * draws nothing and parses nothing. Who launched a link is not asked, because an app can say anything
 * there; who pushed the request of a link, if it was pushed, is known by the service.
 */
public final class LinkActivity extends Activity {
  @Override
  protected void onCreate(Bundle saved) {
    super.onCreate(saved);
    if (saved == null) { // else the link was taken before
      take(getIntent());
    }
  }

  @Override
  protected void onNewIntent(Intent intent) {
    super.onNewIntent(intent);
    take(intent);
  }

  private void take(Intent intent) {
    Uri link = intent.getData();
    if (!Intent.ACTION_VIEW.equals(intent.getAction()) || link == null) {
      finish();
      return;
    }
    AuthorizationServer server = AuthorizationServer.of(this);
    server.workers().execute(() -> begin(server, link.toString()));
  }

  private void begin(AuthorizationServer server, String link) {
    Intent next = null;
    try {
      Request request = server.app().begin(link);
      if (!request.getAnswered()) {
        next = PersonActivity.consent(this, request.getID());
      }
    } catch (KeyLostException lost) {
      next = PersonActivity.keyLost(this);
    } catch (Exception refused) { // the client knows, if it may; the person is told that nothing came of it
      Log.w(AuthorizationServer.TAG, "a link was refused", refused);
      next = PersonActivity.refused(this);
    }
    Intent shown = next;
    runOnUiThread(
        () -> {
          if (shown != null && !isDestroyed()) {
            startActivity(shown);
          }
          finish();
        });
  }
}
