package org.offlineauth.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Application;
import android.content.ComponentName;
import android.content.Intent;
import android.os.Looper;
import android.os.ParcelFileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.offlineauth.testing.AndroidRunner;
import org.robolectric.RuntimeEnvironment;

/** The wires on Android's own classes, on Android 7 and 14. Who serves is in the same process; sockets are the kernel's. */
@RunWith(AndroidRunner.class)
public final class AndroidWiresTest {
  private final Application app = RuntimeEnvironment.getApplication();
  private final FakeBoundService fake = new FakeBoundService();
  private final AndroidDevice device = new AndroidDevice(app);

  @After
  public void tearDown() throws IOException {
    fake.close();
  }

  private interface Work<T> {
    T run() throws Exception;
  }

  /** Runs on another thread, while this one, Android's main thread, does what the system posts to it. */
  private static <T> T away(Work<T> work) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    CountDownLatch over = new CountDownLatch(1);
    Thread worker = new Thread(() -> {
      try {
        done.complete(work.run());
      } catch (Throwable e) {
        done.completeExceptionally(e);
      }
      over.countDown();
    });
    worker.start();
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

  private Device.Service service() throws Exception {
    return device.service(ServiceAddress.ofPackage(FakeBoundService.PACKAGE), fake.pin());
  }

  private static Request post(byte[] body) {
    return new Request.Builder().url("https://auth.example/notes").post(RequestBody.create(body, MediaType.get("text/plain"))).build();
  }

  private static byte[] send(Wire wire, Request request) throws Exception {
    return away(() -> wire.send(request, Wire.Canceller.NEVER).body().bytes());
  }

  @Test
  public void messagesGoAsHttpoveripcSendsThem() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    assertArrayEquals("hello".getBytes(), send(service().endpoints(), post("hello".getBytes())));
    assertEquals(42, fake.what);
    assertArrayEquals(new byte[100_000], send(service().apis(), post(new byte[100_000])));
  }

  @Test
  public void aServiceOfHttpoveripcAloneIsFound() throws Exception {
    ComponentName name = new ComponentName(FakeBoundService.PACKAGE, FakeBoundService.PACKAGE + ".Service");
    shadowOf(app).setComponentNameAndServiceForBindServiceForIntent(
        new Intent(AndroidDevice.MESSAGES).setComponent(name), name, fake.messenger().getBinder());
    assertArrayEquals("hello".getBytes(), send(service().endpoints(), post("hello".getBytes())));
  }

  @Test
  public void eightAtOnceGetTheirOwnAnswers() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    Wire wire = service().endpoints();
    away(() -> {
      List<Thread> threads = new ArrayList<>();
      List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
      for (int i = 0; i < 8; i++) {
        byte[] body = ("note " + i).getBytes();
        Thread one = new Thread(() -> {
          try {
            for (int j = 0; j < 20; j++) {
              assertArrayEquals(body, wire.send(post(body), Wire.Canceller.NEVER).body().bytes());
            }
          } catch (Throwable e) {
            failures.add(e);
          }
        });
        one.start();
        threads.add(one);
      }
      for (Thread one : threads) {
        one.join();
      }
      assertEquals(Collections.emptyList(), failures);
      return null;
    });
  }

  @Test
  public void whatIsTooLargeGoesOverTheStream() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    fake.offer(AndroidDevice.STREAMS, fake.new Streams(FakeBoundService::echo));
    byte[] large = new byte[1 << 20];
    Arrays.fill(large, (byte) 0xE9);
    Device.Service both = service();
    assertArrayEquals(large, send(both.endpoints(), post(large)));
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(large, send(both.apis(), post(large)));
    }
    assertEquals("one connection carries them all", 1, fake.streams());
    fake.answers = request -> "HTTP/1.1 500 x\r\nIpc-Error: response-too-large\r\nContent-Length: 0\r\n\r\n".getBytes();
    Request get = new Request.Builder().url("https://auth.example/notes").build();
    assertEquals("asked again over the stream", 0, send(both.endpoints(), get).length);
    TooLargeException e = assertThrows(TooLargeException.class, () -> send(both.endpoints(), post(new byte[1])));
    assertTrue("it was carried out, and is not repeated", e.isResponse());
  }

  @Test
  public void withoutAStreamWhatIsTooLargeIsAnException() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    assertThrows(TooLargeException.class, () -> send(service().apis(), post(new byte[520 << 10])));
  }

  @Test
  public void answersOfTheServiceItselfAreExceptions() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    fake.answers = request -> "HTTP/1.1 403 x\r\nIpc-Error: refused\r\n\r\n".getBytes();
    assertThrows(ServiceRefusedException.class, () -> send(service().endpoints(), post(new byte[1])));
    fake.answers = request -> "HTTP/1.1 503 x\r\nIpc-Error: busy\r\n\r\n".getBytes();
    assertThrows(ServiceBusyException.class, () -> send(service().endpoints(), post(new byte[1])));
    fake.answers = request -> "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes();
    assertThrows(MessageException.class, () -> send(service().endpoints(), post(new byte[1])));
  }

  @Test
  public void aServiceThatDiesIsAnExceptionAndIsBoundAgain() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    Wire wire = service().endpoints();
    CountDownLatch asked = new CountDownLatch(1);
    fake.answers = request -> {
      asked.countDown();
      return null; // and dies
    };
    assertThrows(ServiceDiedException.class, () -> away(() -> {
      new Thread(() -> {
        try {
          asked.await();
          shadowOf(app).getBoundServiceConnections().get(0).onServiceDisconnected(new ComponentName(FakeBoundService.PACKAGE, FakeBoundService.PACKAGE + ".Service"));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }).start();
      return wire.send(post(new byte[1]), Wire.Canceller.NEVER);
    }));
    assertEquals(1, shadowOf(app).getUnboundServiceConnections().size());
    fake.answers = request -> FakeBoundService.response("200 OK", request);
    assertArrayEquals("again".getBytes(), send(wire, post("again".getBytes())));
  }

  @Test
  public void aStreamThatEndsBeforeItsAnswerIsAnException() throws Exception {
    fake.offer(AndroidDevice.STREAMS, fake.new Streams(stream -> {
      stream.read(new byte[1024], 0, 1024);
      byte[] half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".getBytes();
      stream.write(half, 0, half.length);
    }));
    assertThrows(ServiceDiedException.class, () -> send(service().apis(), post("x".getBytes())));
  }

  @Test
  public void aCancelledRequestStops() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    fake.offer(AndroidDevice.STREAMS, fake.new Streams(stream -> {
      stream.read(new byte[1024], 0, 1024);
      asked.countDown();
      while (stream.read(new byte[1024], 0, 1024) >= 0) {
        continue;
      }
      gone.countDown();
    }));
    Wire.Canceller canceller = action -> {
      if (action != null) {
        new Thread(() -> {
          try {
            asked.await();
            action.run();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        }).start();
      }
    };
    assertThrows(IOException.class, () -> away(() -> service().apis().send(post("x".getBytes()), canceller)));
    assertTrue("the service learns of it", gone.await(20, TimeUnit.SECONDS));
  }

  /** A frozen process takes messages and does not answer. */
  @Test
  public void whoDoesNotAnswerIsNotWaitedForForEver() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    fake.answers = request -> null;
    Intent intent = device.messages(ServiceAddress.ofPackage(FakeBoundService.PACKAGE));
    Wire impatient = new MessengerWire(new Binding(device, fake.pin(), () -> intent), false, 50);
    assertThrows(DeadlineException.class, () -> send(impatient, post(new byte[1])));
    ParcelFileDescriptor[] pair = ParcelFileDescriptor.createSocketPair();
    fake.keep(pair);
    DescriptorStream stream = new DescriptorStream(pair[0]);
    stream.setTimeout(50);
    assertThrows(DeadlineException.class, () -> stream.read(new byte[1], 0, 1));
    assertThrows("nobody reads", DeadlineException.class, () -> stream.write(new byte[8 << 20], 0, 8 << 20));
  }

  @Test
  public void chunksAreReadAndWritten() throws Exception {
    fake.offer(AndroidDevice.STREAMS, fake.new Streams(stream -> {
      byte[] some = new byte[4096];
      StringBuilder request = new StringBuilder();
      while (!request.toString().endsWith("0\r\n\r\n")) {
        request.append(new String(some, 0, stream.read(some, 0, some.length)));
      }
      String status = request.toString().contains("Transfer-Encoding: chunked\r\n") && request.toString().contains("5\r\nhello\r\n") ? "200" : "400";
      byte[] response = ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 " + status + " OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n").getBytes();
      stream.write(response, 0, response.length);
    }));
    RequestBody unknown = new RequestBody() {
      @Override
      public MediaType contentType() {
        return null;
      }

      @Override
      public void writeTo(okio.BufferedSink sink) throws IOException {
        sink.writeUtf8("hello");
      }
    };
    Request request = new Request.Builder().url("https://auth.example/").post(unknown).build();
    Response response = away(() -> service().apis().send(request, Wire.Canceller.NEVER));
    assertEquals(200, response.code());
    assertEquals("abcde", away(() -> response.body().string()));
  }

  @Test
  public void anAppWithAnotherCertificateIsNotBound() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    Device.Service before = service();
    fake.install(new byte[] {0x30, 0x05});
    assertThrows(UnverifiedServiceException.class, () -> device.isInstalled(fake.pin()));
    assertThrows(UnverifiedServiceException.class, () -> send(before.endpoints(), post(new byte[1])));
    assertTrue(shadowOf(app).getBoundServiceConnections().isEmpty());
  }

  @Test
  public void aServiceThatIsNotThereIsAnException() throws Exception {
    assertFalse(device.isInstalled(new Pin("com.example.absent", "b2".repeat(32))));
    fake.offer("com.example.OTHER", fake.messenger().getBinder());
    Device.Service named = device.service(ServiceAddress.parse("android:" + FakeBoundService.PACKAGE + "#com.example.MISSING").get(0), fake.pin());
    assertThrows(NoServiceException.class, () -> send(named.endpoints(), post(new byte[1])));
  }

  @Test
  public void theServiceIsUnboundWhenNobodyUsesIt() throws Exception {
    fake.offer(AndroidDevice.MESSAGES, fake.messenger().getBinder());
    send(service().endpoints(), post(new byte[1]));
    assertEquals(1, shadowOf(app).getBoundServiceConnections().size());
    shadowOf(Binding.looper()).idleFor(31, TimeUnit.SECONDS);
    assertEquals(0, shadowOf(app).getBoundServiceConnections().size());
    assertEquals(1, shadowOf(app).getUnboundServiceConnections().size());
  }

  @Test
  public void theMainThreadIsRefused() {
    Configuration configuration = new Configuration.Builder("https://auth.example", "maths", "com.example.maths:/done").build();
    Client client = new Client(app, configuration);
    assertThrows(IllegalStateException.class, client::start);
    assertThrows(IllegalStateException.class, () -> client.finish("com.example.maths:/done?code=c"));
    assertThrows(IllegalStateException.class, client::httpClient);
    assertThrows(IllegalStateException.class, client::revoke);
  }

  @Test
  public void theLinkGoesToTheVerifiedAppOrABrowser() {
    Intent intent = new Login("https://auth.example/authorize?x=y", FakeBoundService.PACKAGE).toIntent();
    assertEquals(FakeBoundService.PACKAGE, intent.getPackage());
    assertEquals("https://auth.example/authorize?x=y", intent.getDataString());
    Intent browser = new Login("https://auth.example/authorize?x=y", null).toIntent();
    assertNull(browser.getPackage());
    assertEquals("https:", browser.getSelector().getDataString());
    assertEquals("https://auth.example/authorize?x=y", browser.getDataString());
  }

  @Test
  public void loginsSurviveTheProcess() {
    new PreferencesStore(app).save("k", "v");
    assertEquals("v", new PreferencesStore(app).load("k"));
    new PreferencesStore(app).delete("k");
    assertNull(new PreferencesStore(app).load("k"));
  }
}
