package org.offlineauth.server;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.content.ComponentCallbacks2;
import android.content.Intent;
import android.os.Binder;
import android.os.Bundle;
import android.os.DeadObjectException;
import android.os.Handler;
import android.os.HandlerThread;
import android.os.IBinder;
import android.os.IMessenger;
import android.os.Message;
import android.os.Messenger;
import android.os.Parcel;
import android.os.ParcelFileDescriptor;
import android.os.Parcelable;
import android.os.RemoteException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.offlineauth.IHttpOverIpc;
import org.offlineauth.mobile.App;
import org.offlineauth.testing.AndroidRunner;
import org.robolectric.Robolectric;
import org.robolectric.android.controller.ServiceController;
import org.robolectric.annotation.Config;
import org.robolectric.shadows.ShadowBinder;
import rawhttp.core.EagerHttpResponse;
import rawhttp.core.RawHttp;
import rawhttp.core.RawHttpRequest;

/** Both wires of the service, with RawHTTP at the other end and the Go library behind. */
@RunWith(AndroidRunner.class)
@Config(application = TestApp.class)
public final class WiresTest {
  private static final int HTTP_MSG = 42;

  private final RawHttp http = new RawHttp();
  private ServiceController<HttpOverIpcService> service;
  private Messenger messenger;
  private App app;

  @Before
  public void bind() throws Exception {
    app = Login.prepare();
    service = Robolectric.buildService(HttpOverIpcService.class).create();
    messenger = new Messenger(service.get().onBind(new Intent("org.offlineauth.action.HTTP_OVER_IPC")));
    ShadowBinder.setCallingUid(Phone.MATHS_UID);
  }

  @After
  public void unbind() throws Exception {
    service.destroy();
    AuthorizationServer.of(Phone.application()).close();
  }

  /** A client of the wire: what comes back to its replyTo. */
  private final class Replies extends Handler {
    final Messenger replyTo = new Messenger(this);
    final CompletableFuture<Message> reply = new CompletableFuture<>();

    Replies(HandlerThread thread) {
      super(thread.getLooper());
    }

    @Override
    public void handleMessage(Message m) {
      reply.complete(Message.obtain(m));
    }
  }

  /** Sends a Bundle and returns the answer, which must be a message of the wire. */
  private EagerHttpResponse<?> exchange(int what, Bundle data) throws Exception {
    HandlerThread thread = new HandlerThread("client");
    thread.start();
    try {
      Replies replies = new Replies(thread);
      Message m = Message.obtain(null, what);
      m.setData(data);
      m.replyTo = replies.replyTo;
      messenger.send(m);
      Message reply = replies.reply.get(30, TimeUnit.SECONDS);
      assertEquals(64003, reply.what);
      return http.parseResponse(new ByteArrayInputStream(reply.getData().getByteArray("response"))).eagerly();
    } finally {
      thread.quit();
    }
  }

  private EagerHttpResponse<?> send(byte[] request) throws Exception {
    Bundle data = new Bundle();
    data.putByteArray("request", request);
    return exchange(HTTP_MSG, data);
  }

  private EagerHttpResponse<?> send(RawHttpRequest request) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    request.writeTo(bytes);
    return send(bytes.toByteArray());
  }

  private RawHttpRequest get(String path, String token) {
    return http.parseRequest("GET " + path + " HTTP/1.1\r\nHost: auth.example\r\nAuthorization: Bearer " + token + "\r\n\r\n");
  }

  private static byte[] post(String path, String token, byte[] body) {
    return Login.message("POST " + path + " HTTP/1.1\r\nHost: auth.example\r\nAuthorization: Bearer " + token, body);
  }

  private static String text(EagerHttpResponse<?> r) throws IOException {
    return r.getBody().isPresent() ? r.getBody().get().asRawString(StandardCharsets.UTF_8) : "";
  }

  private static String ipcError(EagerHttpResponse<?> r) {
    return r.getHeaders().getFirst("Ipc-Error").orElse("");
  }

  private String login() throws Exception {
    app.approve(app.begin(Login.LINK).getID(), Login.account(app), "", "");
    Intent redirect = shadowOf(Phone.application()).getNextStartedActivity();
    assertEquals(Phone.MATHS, redirect.getPackage());
    byte[] request = Login.tokenRequest(redirect.getDataString());
    ShadowBinder.setCallingUid(Phone.THIEF_UID);
    assertEquals("a thief", 401, send(request).getStatusCode());
    ShadowBinder.setCallingUid(Phone.MATHS_UID);
    EagerHttpResponse<?> answer = send(request);
    assertEquals(200, answer.getStatusCode());
    return Login.find("\"access_token\":\"([^\"]+)\"", text(answer));
  }

  @Test
  public void aLoginOverMessages() throws Exception {
    String token = login();
    EagerHttpResponse<?> me = send(get("/userinfo", token));
    assertEquals(200, me.getStatusCode());
    assertTrue(text(me), text(me).contains("\"sub\""));
    ShadowBinder.setCallingUid(Phone.THIEF_UID);
    assertEquals("a stolen token", 401, send(get("/userinfo", token)).getStatusCode());
  }

  @Test
  public void theAppThatWasSignedAnewKeepsItsLogin() throws Exception {
    String token = login();
    Phone.install(Phone.MATHS, Phone.MATHS_UID, "maths", "renewed");
    assertEquals(200, send(get("/userinfo", token)).getStatusCode());
    Phone.install(Phone.MATHS, Phone.MATHS_UID, "somebody else's");
    assertEquals(401, send(get("/userinfo", token)).getStatusCode());
  }

  @Test
  public void anyWhatIsTaken() throws Exception {
    Bundle data = new Bundle();
    data.putByteArray("request", "GET /jwks HTTP/1.1\nHost: auth.example\n\n".getBytes(StandardCharsets.US_ASCII));
    for (int what : new int[] {HTTP_MSG, 64002, 0, -1}) {
      assertEquals(200, exchange(what, data).getStatusCode());
    }
  }

  @Test
  public void whatNobodyCanBeToldIsDropped() throws Exception {
    Message m = Message.obtain(null, HTTP_MSG);
    Bundle data = new Bundle();
    data.putByteArray("request", "GET /jwks HTTP/1.1\r\nHost: auth.example\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    m.setData(data);
    messenger.send(m);
    assertEquals("and the service goes on", 200, exchange(HTTP_MSG, data).getStatusCode());
  }

  @Test
  public void garbageIsAnswered() throws Exception {
    assertEquals(400, exchange(HTTP_MSG, null).getStatusCode());
    assertEquals(400, exchange(HTTP_MSG, new Bundle()).getStatusCode());
    assertEquals(400, send(new byte[0]).getStatusCode());
    EagerHttpResponse<?> answer = send(new byte[] {0, (byte) 0xff, 13, 10, 7});
    assertEquals(400, answer.getStatusCode());
    assertEquals("malformed", ipcError(answer));
    Bundle wrong = new Bundle();
    wrong.putString("request", "GET / HTTP/1.1");
    assertEquals(400, exchange(HTTP_MSG, wrong).getStatusCode());
    assertEquals(400, exchange(HTTP_MSG, unreadable()).getStatusCode());
  }

  /** A Bundle as a hostile app can send it: with a class that only it has. */
  private static Bundle unreadable() {
    Bundle hostile = new Bundle();
    hostile.putParcelable("request", new Nothing());
    Parcel parcel = Parcel.obtain();
    parcel.writeBundle(hostile);
    parcel.setDataPosition(0);
    return parcel.readBundle(Bundle.class.getClassLoader().getParent());
  }

  /** A class of the hostile app. */
  public static final class Nothing implements Parcelable {
    @Override
    public int describeContents() {
      return 0;
    }

    @Override
    public void writeToParcel(Parcel to, int flags) {
      to.writeInt(7);
    }
  }

  @Test
  public void anAnswerTooLargeForTheSystemIsSaid() throws Exception {
    String token = login();
    assertEquals(300 << 10, send(get("/notes/?size=" + (300 << 10), token)).getBody().get().asRawBytes().length);
    EagerHttpResponse<?> answer = send(get("/notes/?size=" + (600 << 10), token));
    assertEquals(500, answer.getStatusCode());
    assertEquals("response-too-large", ipcError(answer));
    assertEquals(Phone.application().getPackageName(), answer.getHeaders().getFirst("Ipc-Service").orElse(""));
  }

  /** The system refuses what it has no room for at that moment; then the error is small. */
  @Test
  public void anAnswerThatIsNotCarriedIsSaid() throws Exception {
    String token = login();
    List<Integer> sizes = new ArrayList<>();
    CompletableFuture<byte[]> carried = new CompletableFuture<>();
    IMessenger.Stub full =
        new IMessenger.Stub() {
          @Override
          public void send(Message answer) {
            byte[] response = answer.getData().getByteArray("response");
            sizes.add(response.length);
            if (response.length > 1000) {
              throw new IllegalStateException("no room"); // as a failed transaction does
            }
            carried.complete(response);
          }
        };
    Message m = Message.obtain(null, HTTP_MSG);
    Bundle data = new Bundle();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    get("/notes/?size=100000", token).writeTo(bytes);
    data.putByteArray("request", bytes.toByteArray());
    m.setData(data);
    m.replyTo = new Messenger(full);
    messenger.send(m);
    EagerHttpResponse<?> answer = http.parseResponse(new ByteArrayInputStream(carried.get(30, TimeUnit.SECONDS))).eagerly();
    assertEquals("response-too-large", ipcError(answer));
    assertEquals(2, sizes.size());
  }

  @Test
  public void nothingIsDoneForTheDead() throws Exception {
    String token = login();
    CompletableFuture<Boolean> looked = new CompletableFuture<>();
    Message m = Message.obtain(null, HTTP_MSG);
    Bundle data = new Bundle();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    get("/notes/", token).writeTo(bytes);
    data.putByteArray("request", bytes.toByteArray());
    m.setData(data);
    m.replyTo = new Messenger(new DeadBinder(looked));
    messenger.send(m);
    assertTrue(looked.get(30, TimeUnit.SECONDS));
    assertEquals("the service goes on", 200, send(get("/notes/", token)).getStatusCode());
    assertEquals("and asked its API for the living alone", 1, ((TestApp) Phone.application()).asked);
  }

  /** Of a process that is gone. */
  private static final class DeadBinder extends Binder {
    private final CompletableFuture<Boolean> looked;

    DeadBinder(CompletableFuture<Boolean> looked) {
      this.looked = looked;
      attachInterface(null, "android.os.IMessenger"); // of another process
    }

    @Override
    public void linkToDeath(IBinder.DeathRecipient to, int flags) {
      looked.complete(true);
      DeadBinder.<RuntimeException>sneak(new DeadObjectException());
    }

    @SuppressWarnings("unchecked") // IBinder.linkToDeath may throw it, Binder's own does not say so
    private static <E extends Exception> void sneak(RemoteException e) throws E {
      throw (E) e;
    }
  }

  @Test
  public void whoIsNoSingleAppIsRefused() throws Exception {
    Phone.packages().setPackagesForUid(10099, Phone.MATHS, Phone.THIEF);
    IHttpOverIpc streams = streams();
    for (int uid : new int[] {10099, 10100}) {
      ShadowBinder.setCallingUid(uid);
      EagerHttpResponse<?> answer = send(get("/jwks", ""));
      assertEquals(403, answer.getStatusCode());
      assertEquals("refused", ipcError(answer));
      assertThrows(SecurityException.class, streams::connect);
    }
  }

  @Test
  public void eightThreadsOverMessages() throws Exception {
    String token = login();
    inEight(
        160,
        i -> {
          byte[] body = ("note " + i).getBytes(StandardCharsets.US_ASCII);
          EagerHttpResponse<?> answer = send(post("/notes/", token, body));
          assertArrayEquals(body, answer.getBody().get().asRawBytes());
        });
  }

  private interface Job {
    void run(int i) throws Exception;
  }

  private static void inEight(int jobs, Job job) throws Exception {
    ExecutorService eight = Executors.newFixedThreadPool(8);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < jobs; i++) {
        int n = i;
        all.add(
            eight.submit(
                () -> {
                  ShadowBinder.setCallingUid(Phone.MATHS_UID); // which is of a thread
                  job.run(n);
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get(60, TimeUnit.SECONDS);
      }
    } finally {
      eight.shutdownNow();
    }
  }

  private IHttpOverIpc streams() {
    IHttpOverIpc streams = IHttpOverIpc.Stub.asInterface(service.get().onBind(new Intent(IHttpOverIpc.class.getName())));
    assertTrue(streams instanceof StreamWire);
    return streams;
  }

  @Test
  public void megabytesOverStreams() throws Exception {
    String token = login();
    IHttpOverIpc streams = streams();
    inEight(
        8,
        i -> {
          byte[] body = new byte[1 << 20];
          Arrays.fill(body, (byte) i);
          try (ParcelFileDescriptor mine = streams.connect()) {
            InputStream in = new FileInputStream(mine.getFileDescriptor());
            OutputStream out = new FileOutputStream(mine.getFileDescriptor());
            for (int again = 0; again < 2; again++) { // on one connection
              out.write(post("/notes/", token, body));
              assertArrayEquals(body, http.parseResponse(in).eagerly().getBody().get().asRawBytes());
            }
          }
        });
  }

  @Test
  public void aStreamIsOfWhoAskedForIt() throws Exception {
    String token = login();
    IHttpOverIpc streams = streams();
    ShadowBinder.setCallingUid(Phone.THIEF_UID);
    try (ParcelFileDescriptor stolen = streams.connect()) {
      ShadowBinder.setCallingUid(Phone.MATHS_UID);
      get("/userinfo", token).writeTo(new FileOutputStream(stolen.getFileDescriptor()));
      assertEquals(401, http.parseResponse(new FileInputStream(stolen.getFileDescriptor())).eagerly().getStatusCode());
    }
  }

  /** The system may freeze the process then: nobody must wait for it. */
  @Test
  public void streamsEndWhenTheServiceIsDestroyed() throws Exception {
    String token = login();
    try (ParcelFileDescriptor mine = streams().connect()) {
      InputStream in = new FileInputStream(mine.getFileDescriptor());
      get("/userinfo", token).writeTo(new FileOutputStream(mine.getFileDescriptor()));
      assertEquals(200, http.parseResponse(in).eagerly().getStatusCode());
      service.get().onDestroy();
      assertEquals(-1, in.read());
    }
  }

  @Test
  public void memoryIsGivenBack() throws Exception {
    service.get().onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_COMPLETE);
    assertEquals(200, send(get("/jwks", "")).getStatusCode());
  }
}
