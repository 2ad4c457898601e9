package org.offlineauth.client;

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
import android.os.Binder;
import android.os.Build;
import android.os.Bundle;
import android.os.Handler;
import android.os.HandlerThread;
import android.os.IBinder;
import android.os.Message;
import android.os.Messenger;
import android.os.Parcel;
import android.os.ParcelFileDescriptor;
import android.os.RemoteException;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import okio.ByteString;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.shadows.ShadowPackageManager;

/** An app with a service for tests, in this process: the package manager knows it, and its descriptors are the kernel's. */
final class FakeBoundService implements AutoCloseable {
  static final String PACKAGE = "com.example.auth";
  private static final byte[] CERTIFICATE = {0x30, 0x01, 0x02};

  private final Application app = RuntimeEnvironment.getApplication();
  private final HandlerThread thread = new HandlerThread("service");
  private final List<ParcelFileDescriptor> given = Collections.synchronizedList(new ArrayList<>());

  /** How a message is answered; null for not at all. At first, the body is echoed. */
  volatile Function<byte[], byte[]> answers = request -> response("200 OK", request);

  /** The kind of the message that came last. */
  volatile int what;

  FakeBoundService() {
    thread.start();
    install(CERTIFICATE);
  }

  @Override
  public void close() throws IOException {
    thread.quit();
    for (ParcelFileDescriptor one : given) {
      one.close();
    }
  }

  /** How many descriptors were handed over. */
  int streams() {
    return given.size();
  }

  /** Closes these at the end. */
  void keep(ParcelFileDescriptor[] pair) {
    given.addAll(Arrays.asList(pair));
  }

  /** Installs the app, signed by this certificate. */
  @SuppressWarnings("deprecation")
  void install(byte[] certificate) {
    PackageInfo info = new PackageInfo();
    info.packageName = PACKAGE;
    info.signatures = new Signature[] {new Signature(certificate)};
    if (Build.VERSION.SDK_INT >= 28) {
      info.signingInfo = new SigningInfo();
      shadowOf(info.signingInfo).setSignatures(info.signatures);
      shadowOf(info.signingInfo).setPastSigningCertificates(info.signatures);
    }
    info.applicationInfo = new ApplicationInfo();
    info.applicationInfo.packageName = PACKAGE;
    ShadowPackageManager packages = shadowOf(app.getPackageManager());
    packages.installPackage(info);
    ServiceInfo service = packages.addServiceIfNotPresent(new ComponentName(PACKAGE, PACKAGE + ".Service"));
    service.exported = true;
    packages.addOrUpdateService(service);
  }

  /** What a client pins: the package and its certificate. */
  Pin pin() throws Exception {
    return new Pin(PACKAGE, ByteString.of(MessageDigest.getInstance("SHA-256").digest(CERTIFICATE)).hex());
  }

  /** Binds who asks for the action to the binder. */
  void offer(String action, IBinder binder) throws Exception {
    ComponentName name = new ComponentName(PACKAGE, PACKAGE + ".Service");
    shadowOf(app.getPackageManager()).addIntentFilterForService(name, new IntentFilter(action));
    shadowOf(app).setComponentNameAndServiceForBindServiceForIntent(new Intent(action).setComponent(name), name, binder);
  }

  Messenger messenger() {
    return new Messenger(new Handler(thread.getLooper()) {
      @Override
      public void handleMessage(Message message) {
        what = message.what;
        byte[] response = answers.apply(message.getData().getByteArray("request"));
        if (response == null) {
          return;
        }
        Message reply = Message.obtain(null, 64003);
        Bundle data = new Bundle();
        data.putByteArray("response", response);
        reply.setData(data);
        try {
          message.replyTo.send(reply);
        } catch (RemoteException e) {
          throw new AssertionError(e);
        }
      }
    });
  }

  /** Echoes the body of what it is sent. */
  static byte[] response(String status, byte[] request) {
    String text = new String(request, java.nio.charset.StandardCharsets.ISO_8859_1);
    byte[] body = Arrays.copyOfRange(request, text.indexOf("\r\n\r\n") + 4, request.length);
    byte[] head = ("HTTP/1.1 " + status + "\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes();
    byte[] all = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, all, head.length, body.length);
    return all;
  }

  /** Hands over descriptors, and gives the other end to a thread that serves it. */
  final class Streams extends Binder {
    private final StreamServer server;

    Streams(StreamServer server) {
      this.server = server;
    }

    @Override
    protected boolean onTransact(int code, Parcel data, Parcel reply, int flags) throws RemoteException {
      data.enforceInterface("org.offlineauth.IHttpOverIpc");
      try {
        ParcelFileDescriptor[] pair = ParcelFileDescriptor.createSocketPair();
        given.add(pair[0]);
        new Thread(() -> serve(pair[0])).start();
        reply.writeNoException();
        reply.writeInt(1);
        pair[1].writeToParcel(reply, android.os.Parcelable.PARCELABLE_WRITE_RETURN_VALUE);
        return true;
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private void serve(ParcelFileDescriptor end) {
      try {
        DescriptorStream stream = new DescriptorStream(end);
        stream.setTimeout(20_000);
        server.serve(stream);
        stream.close();
      } catch (IOException e) {
        // the client hung up
      }
    }
  }

  interface StreamServer {
    void serve(DescriptorStream stream) throws IOException;
  }

  /** Reads whole requests with a Content-Length and echoes their bodies, on one connection. */
  static void echo(DescriptorStream stream) throws IOException {
    byte[] buffer = new byte[0];
    while (true) {
      String text = new String(buffer, java.nio.charset.StandardCharsets.ISO_8859_1);
      int end = text.indexOf("\r\n\r\n");
      java.util.regex.Matcher m = java.util.regex.Pattern.compile("Content-Length: (\\d+)").matcher(text);
      int length = end >= 0 && m.find() ? Integer.parseInt(m.group(1)) : 0;
      if (end >= 0 && buffer.length >= end + 4 + length) {
        byte[] response = response("200 OK", Arrays.copyOf(buffer, end + 4 + length));
        stream.write(response, 0, response.length);
        buffer = Arrays.copyOfRange(buffer, end + 4 + length, buffer.length);
        continue;
      }
      byte[] some = new byte[64 << 10];
      int n = stream.read(some, 0, some.length);
      if (n < 0) {
        return;
      }
      buffer = Arrays.copyOf(buffer, buffer.length + n);
      System.arraycopy(some, 0, buffer, buffer.length - n, n);
    }
  }
}
