package org.offlineauth.server;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.AlertDialog;
import android.content.DialogInterface;
import android.content.Intent;
import android.net.Uri;
import android.os.Build;
import android.view.WindowManager;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import android.webkit.WebView;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.URLEncoder;
import java.util.Collections;
import java.util.Map;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.offlineauth.mobile.App;
import org.offlineauth.testing.AndroidRunner;
import org.robolectric.Robolectric;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.annotation.Config;
import org.robolectric.shadows.ShadowAlertDialog;

/** A link is launched, and the person decides on the page that the web view shows. */
@RunWith(AndroidRunner.class)
@Config(application = TestApp.class)
public final class ActivitiesTest {
  private App app;

  @Before
  public void prepare() throws Exception {
    app = Login.prepare();
    shadowOf(Phone.application()).grantPermissions("android.permission.HIDE_OVERLAY_WINDOWS");
  }

  @After
  public void close() throws Exception {
    AuthorizationServer.of(Phone.application()).close();
  }

  /** Launches a link, and returns the page that it leads to. */
  private ActivityController<PersonActivity> launch(String link) throws Exception {
    Intent view = new Intent(Intent.ACTION_VIEW, Uri.parse(link));
    LinkActivity taken = Robolectric.buildActivity(LinkActivity.class, view).create().get();
    Phone.eventually("the link is taken", taken::isFinishing);
    Intent next = shadowOf(taken).getNextStartedActivity();
    return next == null ? null : Robolectric.buildActivity(PersonActivity.class, next).create().start().resume();
  }

  private static WebView web(ActivityController<PersonActivity> page) throws Exception {
    return Phone.eventually("a page is shown", () -> shadowOf(page.get()).getContentView() instanceof WebView ? (WebView) shadowOf(page.get()).getContentView() : null);
  }

  /** What the web view gets at an address, as its own process asks for it. */
  private static WebResourceResponse ask(WebView web, String url, String method) {
    return shadowOf(web).getWebViewClient().shouldInterceptRequest(web, new Asked(Uri.parse(url), method));
  }

  private static String text(WebResourceResponse r) throws Exception {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    InputStream in = r.getData();
    for (int b = in.read(); b >= 0; b = in.read()) {
      all.write(b);
    }
    return all.toString("UTF-8");
  }

  /** Sends the form of a page, as soon as somebody can have read it. */
  private static WebResourceResponse decide(WebView web, String page, String fields) throws Exception {
    String address = PageSource.ORIGIN + Login.find("<form method=\"get\" action=\"([^\"]+)\"", page)
        + "?form=" + URLEncoder.encode(Login.find("name=\"form\" value=\"([^\"]+)\"", page), "UTF-8") + "&" + fields;
    return Phone.eventually(
        "the decision is taken",
        () -> {
          WebResourceResponse answer = ask(web, address, "GET");
          return answer.getStatusCode() == 425 ? null : answer; // too early: nobody has read it
        });
  }

  @Test
  public void aPersonAllows() throws Exception {
    ActivityController<PersonActivity> shown = launch(Login.LINK);
    WebView web = web(shown);
    String page = text(ask(web, shadowOf(web).getLastLoadedUrl(), "GET"));
    assertTrue(page, page.contains("Maths") && page.contains("Amina") && !page.contains("<script"));
    WebResourceResponse answer = decide(web, page, "decision=accept&scope=notes&account=" + Login.account(app));
    assertEquals(200, answer.getStatusCode());
    Phone.eventually("the page goes", shown.get()::isFinishing);
    Intent redirect = shadowOf(Phone.application()).getNextStartedActivity();
    assertEquals(Phone.MATHS, redirect.getPackage());
    assertTrue(redirect.getDataString(), redirect.getDataString().startsWith("com.example.maths:/done?code="));
    shown.pause().stop().destroy();
    assertNull("nothing is denied afterwards", shadowOf(Phone.application()).getNextStartedActivity());
  }

  @Test
  public void whatIsLeftIsDenied() throws Exception {
    ActivityController<PersonActivity> shown = launch(Login.LINK);
    web(shown);
    shown.get().finish();
    shown.pause().stop().destroy();
    Intent redirect = Phone.eventually("the client is told", () -> shadowOf(Phone.application()).getNextStartedActivity());
    assertTrue(redirect.getDataString(), redirect.getDataString().contains("error=access_denied"));
    assertEquals(Phone.MATHS, redirect.getPackage());
  }

  /** The certificate is looked at when the redirect is launched, not when the link came. */
  @Test
  public void aRedirectIsForTheAppThatIsRegistered() throws Exception {
    ActivityController<PersonActivity> shown = launch(Login.LINK);
    WebView web = web(shown);
    String page = text(ask(web, shadowOf(web).getLastLoadedUrl(), "GET"));
    Phone.install(Phone.MATHS, Phone.MATHS_UID, "somebody else's");
    WebResourceResponse answer = decide(web, page, "decision=accept&account=" + Login.account(app));
    assertEquals(500, answer.getStatusCode());
    assertFalse(shown.get().isFinishing());
    assertNull(shadowOf(Phone.application()).getNextStartedActivity());
  }

  @Test
  public void theWindowIsOurs() throws Exception {
    ActivityController<PersonActivity> shown = launch(Login.LINK);
    WebView web = web(shown);
    WindowManager.LayoutParams window = shown.get().getWindow().getAttributes();
    assertTrue((window.flags & WindowManager.LayoutParams.FLAG_SECURE) != 0);
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) {
      assertTrue((window.privateFlags & WindowManager.LayoutParams.SYSTEM_FLAG_HIDE_NON_SYSTEM_OVERLAY_WINDOWS) != 0);
    }
    assertTrue(web.getFilterTouchesWhenObscured());
    assertFalse(web.getSettings().getJavaScriptEnabled());
    assertFalse(web.getSettings().getAllowFileAccess());
    assertFalse(web.getSettings().getAllowContentAccess());
  }

  @Test
  public void theWebViewStaysHome() throws Exception {
    WebView web = web(launch(Login.LINK));
    for (String url : new String[] {
      "https://elsewhere.example/", "http://person.invalid/consent", "https://person.invalid.example/", "file:///etc/passwd",
      "content://com.example.thief/page", "com.example.maths:/done?code=c", "intent:#Intent;end"
    }) {
      assertTrue(url, shadowOf(web).getWebViewClient().shouldOverrideUrlLoading(web, new Asked(Uri.parse(url), "GET")));
      assertEquals(url, 404, ask(web, url, "GET").getStatusCode());
    }
    assertFalse(shadowOf(web).getWebViewClient().shouldOverrideUrlLoading(web, new Asked(Uri.parse(PageSource.ORIGIN + "apps"), "GET")));
    assertEquals(404, ask(web, PageSource.ORIGIN + "apps", "POST").getStatusCode());
    WebResourceResponse apps = ask(web, PageSource.ORIGIN + "apps", "GET");
    assertEquals(200, apps.getStatusCode());
    assertTrue(apps.getResponseHeaders().get("Content-Security-Policy").contains("default-src 'none'"));
  }

  @Test
  public void aLinkThatIsRefusedIsSaid() throws Exception {
    ActivityController<PersonActivity> shown = launch("https://auth.example/authorize?client_id=nobody");
    WebView web = web(shown);
    assertEquals(410, ask(web, shadowOf(web).getLastLoadedUrl(), "GET").getStatusCode());
  }

  @Test
  public void whatIsNoLinkIsIgnored() throws Exception {
    for (Intent other : new Intent[] {new Intent(), new Intent(Intent.ACTION_VIEW), new Intent("com.example.DO", Uri.parse(Login.LINK))}) {
      Activity taken = Robolectric.buildActivity(LinkActivity.class, other).create().get();
      assertTrue(taken.isFinishing());
      assertNull(shadowOf(taken).getNextStartedActivity());
    }
  }

  @Test
  public void aLostKeyIsThePersonsChoice() throws Exception {
    AuthorizationServer server = AuthorizationServer.of(Phone.application());
    server.close();
    FakeKeystore.install(); // the device was reset
    ActivityController<PersonActivity> shown = launch(Login.LINK);
    AlertDialog dialog = Phone.eventually("the person is asked", () -> (AlertDialog) ShadowAlertDialog.getLatestDialog());
    assertTrue(shadowOf(dialog).getMessage().toString(), shadowOf(dialog).getMessage().toString().contains("start anew"));
    dialog.getButton(DialogInterface.BUTTON_POSITIVE).performClick();
    Phone.eventually("it is begun anew", shown.get()::isFinishing);
    assertEquals("[]", server.app().accounts().get());
  }

  /** A request of a web view. */
  private static final class Asked implements WebResourceRequest {
    private final Uri url;
    private final String method;

    Asked(Uri url, String method) {
      this.url = url;
      this.method = method;
    }

    @Override
    public Uri getUrl() {
      return url;
    }

    @Override
    public boolean isForMainFrame() {
      return true;
    }

    @Override
    public boolean isRedirect() {
      return false;
    }

    @Override
    public boolean hasGesture() {
      return true;
    }

    @Override
    public String getMethod() {
      return method;
    }

    @Override
    public Map<String, String> getRequestHeaders() {
      return Collections.emptyMap();
    }
  }
}
