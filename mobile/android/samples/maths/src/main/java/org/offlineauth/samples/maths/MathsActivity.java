package org.offlineauth.samples.maths;

import android.app.Activity;
import android.content.Intent;
import android.net.Uri;
import android.os.Bundle;
import android.util.Log;
import android.widget.Button;
import android.widget.LinearLayout;
import android.widget.TextView;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONException;
import org.json.JSONObject;
import org.offlineauth.client.Client;
import org.offlineauth.client.Configuration;
import org.offlineauth.client.LoginRequiredException;
import org.offlineauth.client.Pin;

/** Logs in, and greets by the name that the API behind the login says. */
public final class MathsActivity extends Activity {
  private static final String ISSUER = "https://auth.example";
  // Of the certificate the authorization app is signed with: apksigner verify --print-certs APK
  private static final String CERTIFICATE = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";

  // All that waits for another app does so here; one thread, so that a redirect comes after its login.
  private static final ExecutorService WORK = Executors.newSingleThreadExecutor();
  private static Client client;

  private TextView text;

  private synchronized Client client() {
    if (client == null) {
      client =
          new Client(
              this,
              new Configuration.Builder(ISSUER, "maths", "org.offlineauth.samples.maths:/done")
                  .scopes("openid", "profile")
                  .pin(new Pin("org.offlineauth.samples.authorization", CERTIFICATE))
                  .build());
    }
    return client;
  }

  @Override
  protected void onCreate(Bundle saved) {
    super.onCreate(saved);
    text = new TextView(this);
    Button in = new Button(this);
    in.setText(R.string.log_in);
    in.setOnClickListener(view -> work(this::logIn));
    Button out = new Button(this);
    out.setText(R.string.log_out);
    out.setOnClickListener(view -> work(this::logOut));
    LinearLayout all = new LinearLayout(this);
    all.setOrientation(LinearLayout.VERTICAL);
    all.addView(text);
    all.addView(in);
    all.addView(out);
    setContentView(all);
    if (saved == null) {
      receive(getIntent());
    }
  }

  @Override
  protected void onNewIntent(Intent intent) {
    receive(intent);
  }

  /** Finishes the login if the intent is a redirect; greets if there is a login already. */
  private void receive(Intent intent) {
    Uri redirect = Intent.ACTION_VIEW.equals(intent.getAction()) ? intent.getData() : null;
    work(redirect == null ? () -> greet(client().httpClient()) : () -> greet(client().finish(redirect.toString())));
  }

  private void logIn() throws IOException {
    Intent link = client().start().toIntent();
    runOnUiThread(() -> startActivity(link));
  }

  private void logOut() throws IOException {
    client().revoke();
    show(getString(R.string.logged_out));
  }

  private void greet(OkHttpClient api) throws IOException {
    Request request = new Request.Builder().url(ISSUER + "/userinfo").build();
    try (Response response = api.newCall(request).execute()) {
      show(getString(R.string.hello, new JSONObject(response.body().string()).getString("name")));
    } catch (JSONException e) {
      throw new IOException("the API says no name", e);
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private void work(Work work) {
    WORK.execute(
        () -> {
          try {
            work.run();
          } catch (LoginRequiredException e) {
            show(getString(R.string.logged_out));
          } catch (IOException e) {
            Log.w("maths", e);
            show(e.getMessage());
          }
        });
  }

  private void show(String what) {
    runOnUiThread(() -> text.setText(what));
  }
}
