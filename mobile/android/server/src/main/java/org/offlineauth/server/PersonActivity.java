package org.offlineauth.server;

import android.Manifest;
import android.app.Activity;
import android.app.AlertDialog;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.net.Uri;
import android.os.Build;
import android.os.Bundle;
import android.util.Log;
import android.view.View;
import android.view.WindowManager;
import android.webkit.WebSettings;
import android.webkit.WebView;
import java.util.Locale;
import org.offlineauth.mobile.App;

/**
 * Shows the person's pages: what an app asks for, or people, apps and activity. Never export it: what
 * is pressed here is the person's word. A request that is not answered when it goes is denied.
 */
public final class PersonActivity extends Activity {
  private static final String REQUEST = "request";
  private static final String KEY_LOST = "key-lost";

  private String request; // that waits for a decision; null if none does
  private WebView web;

  /** Opens the person's own pages: people, apps, activity, settings. */
  public static Intent home(Context context) {
    return new Intent(context, PersonActivity.class);
  }

  static Intent consent(Context context, String request) {
    return home(context).putExtra(REQUEST, request);
  }

  /** Says that a request is none, or none any more. */
  static Intent refused(Context context) {
    return consent(context, "refused");
  }

  static Intent keyLost(Context context) {
    return home(context).putExtra(KEY_LOST, true);
  }

  @Override
  protected void onCreate(Bundle saved) {
    super.onCreate(saved);
    keepToOurselves();
    if (getIntent().getBooleanExtra(KEY_LOST, false)) {
      askWhatToDoWithoutTheKey();
      return;
    }
    request = getIntent().getStringExtra(REQUEST);
    AuthorizationServer server = AuthorizationServer.of(this);
    server.workers().execute(() -> open(server));
  }

  /** No picture of the window is taken, and no other window lies over it. */
  private void keepToOurselves() {
    getWindow().addFlags(WindowManager.LayoutParams.FLAG_SECURE);
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S
        && checkSelfPermission(Manifest.permission.HIDE_OVERLAY_WINDOWS) == PackageManager.PERMISSION_GRANTED) {
      getWindow().setHideOverlayWindows(true);
    }
  }

  private void open(AuthorizationServer server) {
    try {
      App app = server.app();
      PageSource pages = new PageSource(app.screen(languages()));
      runOnUiThread(() -> show(pages));
    } catch (KeyLostException lost) {
      runOnUiThread(this::askWhatToDoWithoutTheKey);
    } catch (Exception failed) {
      runOnUiThread(() -> say(Words.of(language()).failed));
    }
  }

  private void show(PageSource pages) {
    if (isDestroyed()) {
      return;
    }
    web = new WebView(this);
    harden(web);
    web.setWebViewClient(new PageClient(pages, this::decided, this::finish));
    setContentView(web);
    web.loadUrl(PageSource.ORIGIN + (request == null ? "" : "consent?id=" + Uri.encode(request)));
  }

  private static void harden(WebView web) {
    web.setFilterTouchesWhenObscured(true);
    web.setSaveEnabled(false);
    WebSettings settings = web.getSettings();
    settings.setJavaScriptEnabled(false);
    settings.setAllowFileAccess(false);
    settings.setAllowContentAccess(false);
    settings.setDomStorageEnabled(false);
    settings.setGeolocationEnabled(false);
    settings.setSupportMultipleWindows(false);
    settings.setMixedContentMode(WebSettings.MIXED_CONTENT_NEVER_ALLOW);
    settings.setCacheMode(WebSettings.LOAD_NO_CACHE);
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O) {
      settings.setSafeBrowsingEnabled(false); // asks the network about pages that never leave the process
      web.setImportantForAutofill(View.IMPORTANT_FOR_AUTOFILL_NO_EXCLUDE_DESCENDANTS);
    }
  }

  /** The decision was carried out and its redirect launched. */
  private void decided() {
    runOnUiThread(
        () -> {
          request = null;
          finish();
        });
  }

  @Override
  @SuppressWarnings("deprecation") // what came after it is not on every Android this runs on
  public void onBackPressed() {
    if (request == null && web != null && web.canGoBack()) {
      web.goBack();
      return;
    }
    super.onBackPressed();
  }

  @Override
  protected void onDestroy() {
    if (web != null) {
      web.destroy();
    }
    if (isFinishing() && request != null) {
      String left = request;
      AuthorizationServer.of(this).work("denying what was left", app -> app.deny(left));
    }
    super.onDestroy();
  }

  private void askWhatToDoWithoutTheKey() {
    Words words = Words.of(language());
    AuthorizationServer server = AuthorizationServer.of(this);
    new AlertDialog.Builder(this)
        .setTitle(words.lostTitle)
        .setMessage(words.lost)
        .setCancelable(false)
        .setNegativeButton(words.notNow, (dialog, which) -> finish())
        .setPositiveButton(words.startAnew, (dialog, which) -> server.workers().execute(() -> startAnew(server)))
        .show();
  }

  private void startAnew(AuthorizationServer server) {
    try {
      server.startAnew();
      server.app();
      runOnUiThread(this::finish);
    } catch (Exception failed) {
      Log.e(AuthorizationServer.TAG, "nothing new was begun", failed);
      runOnUiThread(() -> say(Words.of(language()).failed));
    }
  }

  private void say(String text) {
    if (isDestroyed()) {
      return;
    }
    new AlertDialog.Builder(this)
        .setMessage(text)
        .setPositiveButton(android.R.string.ok, (dialog, which) -> finish())
        .setOnCancelListener(dialog -> finish())
        .show();
  }

  private String languages() {
    return getResources().getConfiguration().getLocales().toLanguageTags();
  }

  private String language() {
    Locale first = getResources().getConfiguration().getLocales().get(0);
    return first == null ? "" : first.getLanguage();
  }
}
