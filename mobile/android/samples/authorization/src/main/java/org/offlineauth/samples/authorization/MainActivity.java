package org.offlineauth.samples.authorization;

import android.app.Activity;
import android.os.Bundle;
import android.util.Log;
import org.offlineauth.mobile.App;
import org.offlineauth.server.AuthorizationServer;
import org.offlineauth.server.PersonActivity;

/** Makes the maths app known, and opens the person's own pages. */
public final class MainActivity extends Activity {
  // The certificate that the maths app is signed with: keytool -list -v prints its SHA-256.
  static final String MATHS =
      "android:org.offlineauth.samples.maths#b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2";

  @Override
  protected void onCreate(Bundle saved) {
    super.onCreate(saved);
    new Thread(this::introduce).start();
    startActivity(PersonActivity.home(this));
    finish();
  }

  private void introduce() {
    try {
      App app = AuthorizationServer.of(this).app();
      if (!app.clients().get().contains("\"id\":\"maths\"")) {
        app.addClient("maths", "Maths", "org.offlineauth.samples.maths:/done", "openid profile offline_access notes", MATHS);
      }
    } catch (Exception failed) { // the page says what is wrong
      Log.e("sample", "the maths app is not known", failed);
    }
  }
}
