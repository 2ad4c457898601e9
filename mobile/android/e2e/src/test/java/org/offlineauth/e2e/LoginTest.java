package org.offlineauth.e2e;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Application;
import android.content.ComponentName;
import android.content.Intent;
import android.content.IntentFilter;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageInfo;
import android.content.pm.ServiceInfo;
import android.content.pm.Signature;
import android.content.pm.SigningInfo;
import android.os.Build;
import android.os.Looper;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.ByteString;
import org.json.JSONArray;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.offlineauth.client.Client;
import org.offlineauth.client.Configuration;
import org.offlineauth.client.Login;
import org.offlineauth.client.LoginRequiredException;
import org.offlineauth.client.OAuthException;
import org.offlineauth.client.Pin;
import org.offlineauth.mobile.App;
import org.offlineauth.server.AuthorizationServer;
import org.offlineauth.server.HttpOverIpcService;
import org.offlineauth.testing.AndroidRunner;
import org.robolectric.Robolectric;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.annotation.Config;
import org.robolectric.shadows.ShadowBinder;
import org.robolectric.shadows.ShadowPackageManager;

/**
 * A client app in Java and an authorization app with its core in Go, over both wires. They share a
 * process; who calls is what the test says. Messages, descriptors and JNI are real.
 */
@RunWith(AndroidRunner.class)
@Config(application = School.class)
public final class LoginTest {
  private static final String MESSAGES = "org.offlineauth.action.HTTP_OVER_IPC";
  private static final String STREAMS = "org.offlineauth.IHttpOverIpc";
  private static final int MATHS = 10012;
  private static final int THIEF = 10013;

  private final Application school = RuntimeEnvironment.getApplication();
  private final HttpOverIpcService service = Robolectric.setupService(HttpOverIpcService.class);
  private AuthorizationServer server;
  private App app;

  @Before
  public void setUp() throws Exception {
    install(school.getPackageName(), 10011, "school");
    install("com.example.maths", MATHS, "maths");
    install("com.example.thief", THIEF, "thief");
    ShadowBinder.setCallingUid(MATHS);
    server = AuthorizationServer.of(school);
    app = server.app();
    app.addAccount("amina", "Amina");
    app.addClient("maths", "Maths", "com.example.maths:/done", "openid profile notes", "android:com.example.maths#" + digest("maths"));
  }

  @After
  public void tearDown() throws Exception {
    service.onDestroy();
    server.close();
    ShadowBinder.reset();
  }

  @SuppressWarnings("deprecation")
  private void install(String name, int uid, String certificate) {
    PackageInfo info = new PackageInfo();
    info.packageName = name;
    info.applicationInfo = new ApplicationInfo();
    info.applicationInfo.packageName = name;
    info.applicationInfo.uid = uid;
    info.signatures = new Signature[] {new Signature(certificate.getBytes(StandardCharsets.UTF_8))};
    if (Build.VERSION.SDK_INT >= 28) {
      info.signingInfo = new SigningInfo();
      shadowOf(info.signingInfo).setSignatures(info.signatures);
      shadowOf(info.signingInfo).setPastSigningCertificates(info.signatures);
    }
    ShadowPackageManager packages = shadowOf(school.getPackageManager());
    packages.installPackage(info);
    packages.setPackagesForUid(uid, name);
  }

  private static String digest(String certificate) throws Exception {
    return ByteString.of(MessageDigest.getInstance("SHA-256").digest(certificate.getBytes(StandardCharsets.UTF_8))).hex();
  }

  /** Lets the service be found and bound by an action. */
  private void offer(String action) throws Exception {
    ComponentName name = new ComponentName(school, HttpOverIpcService.class);
    ShadowPackageManager packages = shadowOf(school.getPackageManager());
    ServiceInfo info = packages.addServiceIfNotPresent(name);
    info.exported = true;
    packages.addOrUpdateService(info);
    packages.addIntentFilterForService(name, new IntentFilter(action));
    Intent bound = new Intent(action).setComponent(name);
    shadowOf(school).setComponentNameAndServiceForBindServiceForIntent(bound, name, service.onBind(bound));
  }

  private Client client(MapStore store) throws Exception {
    return new Client(school, new Configuration.Builder(School.ISSUER, "maths", "com.example.maths:/done")
        .scopes("openid", "profile", "notes").pin(new Pin(school.getPackageName(), digest("school"))).build(), store);
  }

  private interface Work<T> {
    T run() throws Exception;
  }

  /** Runs on another thread, while this one, Android's main thread, does what the system posts to it. */
  private static <T> T away(Work<T> work) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    CountDownLatch over = new CountDownLatch(1);
    new Thread(() -> {
      try {
        done.complete(work.run());
      } catch (Throwable e) {
        done.completeExceptionally(e);
      }
      over.countDown();
    }).start();
    while (!over.await(1, TimeUnit.MILLISECONDS)) {
      shadowOf(Looper.getMainLooper()).idle();
    }
    try {
      return done.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception) {
        throw (Exception) e.getCause();
      }
      throw e;
    }
  }

  /** What the link activity and the person do, up to the redirect that the client's activity gets. */
  private String decided(Login login, boolean approve) throws Exception {
    assertEquals(school.getPackageName(), login.packageName());
    org.offlineauth.mobile.Request request = app.begin(login.link());
    assertTrue(request.getJSON(), request.getJSON().contains("android:com.example.maths#"));
    if (approve) {
      app.approve(request.getID(), new JSONArray(app.accounts().get()).getJSONObject(0).getString("id"), "", "");
    } else {
      app.deny(request.getID());
    }
    Intent redirect = shadowOf(school).getNextStartedActivity();
    assertEquals("com.example.maths", redirect.getPackage());
    return redirect.getDataString();
  }

  private OkHttpClient loggedIn(Client client) throws Exception {
    String redirect = decided(away(client::start), true);
    return away(() -> client.finish(redirect));
  }

  private static Response get(OkHttpClient api) throws Exception {
    return away(() -> api.newCall(new Request.Builder().url(School.ISSUER + "/userinfo").build()).execute());
  }

  private static void echoed(OkHttpClient api, int size) throws Exception {
    byte[] body = new byte[size];
    Arrays.fill(body, (byte) 0xE9);
    Request request = new Request.Builder().url(School.ISSUER + "/notes/").post(RequestBody.create(body)).build();
    byte[] answer = away(() -> {
      try (Response response = api.newCall(request).execute()) {
        assertEquals(200, response.code());
        return response.body().bytes();
      }
    });
    assertArrayEquals(body, answer);
  }

  private void wholeLogin(int largest) throws Exception {
    MapStore store = new MapStore();
    Client client = client(store);
    OkHttpClient api = loggedIn(client);
    try (Response response = get(api)) {
      assertEquals(200, response.code());
      assertTrue(away(() -> response.body().string()).contains("\"name\":\"Amina\""));
    }
    for (int size : new int[] {0, 1, 1 << 10, largest}) {
      echoed(api, size);
    }
    away(() -> {
      client.refresh();
      return null;
    });
    echoed(api, 10);
    Client thief = client(store.copy()); // has all that was stored, and connections of its own
    ShadowBinder.setCallingUid(THIEF);
    assertEquals("invalid_client", assertThrows(OAuthException.class, () -> get(away(thief::httpClient))).code());
    ShadowBinder.setCallingUid(MATHS);
    echoed(api, 10);
    Client late = client(store.copy());
    away(() -> {
      client.revoke();
      return null;
    });
    assertThrows(LoginRequiredException.class, () -> get(away(late::httpClient)));
    assertThrows(LoginRequiredException.class, () -> away(client::httpClient));
  }

  @Test
  public void overMessages() throws Exception {
    offer(MESSAGES);
    wholeLogin(100 << 10);
  }

  @Test
  public void overMessagesAndStreams() throws Exception {
    offer(MESSAGES);
    offer(STREAMS);
    wholeLogin(8 << 20);
  }

  @Test
  public void overStreamsAlone() throws Exception {
    offer(STREAMS);
    wholeLogin(1 << 20);
  }

  @Test
  public void aPersonWhoSaysNo() throws Exception {
    offer(MESSAGES);
    Client client = client(new MapStore());
    String redirect = decided(away(client::start), false);
    assertEquals("access_denied", assertThrows(OAuthException.class, () -> away(() -> client.finish(redirect))).code());
  }

  @Test
  public void aLoginThatWasRevokedByThePersonIsOver() throws Exception {
    offer(MESSAGES);
    OkHttpClient api = loggedIn(client(new MapStore()));
    app.revokeGrant(new JSONArray(app.grants().get()).getJSONObject(0).getString("id"));
    assertThrows(LoginRequiredException.class, () -> get(api));
  }
}
