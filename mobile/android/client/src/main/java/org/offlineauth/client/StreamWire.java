package org.offlineauth.client;

import android.os.IBinder;
import android.os.Parcel;
import android.os.ParcelFileDescriptor;
import android.os.RemoteException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Request;
import okhttp3.Response;

/** The stream wire: HTTP/1.1 on descriptors that the service hands over (IHttpOverIpc.aidl). */
final class StreamWire implements Wire {
  private static final long TIMEOUT = 10_000; // milliseconds for a connection
  private static final int MAX_IDLE = 4; // connections that are kept for the next request
  // A call of a frozen process does not return, so that it has to be made where it can be left alone.
  private static final ExecutorService CALLS =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "offlineauth connect");
            thread.setDaemon(true);
            return thread;
          });

  private final Binding binding;
  private final Deque<HttpConnection> idle = new ArrayDeque<>();

  StreamWire(Binding binding) {
    this.binding = binding;
    binding.atUnbind(this::closeIdle);
  }

  @Override
  public Response send(Request request, Canceller canceller) throws IOException {
    Binding.Use use = binding.use();
    HttpConnection kept = take();
    if (kept == null) {
      return send(request, canceller, use, null);
    }
    try {
      return send(request, canceller, use, kept);
    } catch (ServiceDiedException e) {
      // The service may close a connection at the moment it is used again.
      if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
        throw e;
      }
      return send(request, canceller, binding.use(), null);
    }
  }

  /** Sends on a connection that was kept, or on a new one. use is closed at the end. */
  private Response send(Request request, Canceller canceller, Binding.Use use, HttpConnection kept) throws IOException {
    HttpConnection connection = kept;
    try {
      connection = connection == null ? connect(use.binder()) : connection;
      use.onDeath(connection::abort);
      canceller.onCancel(connection::abort);
      HttpConnection used = connection;
      Response response = connection.exchange(request, reusable -> give(used, reusable, use, canceller));
      connection = null; // the end of the body gives it back
      try {
        MessengerWire.throwAnsweredError(response);
      } catch (ClientException e) {
        response.close();
        throw e;
      }
      return response;
    } catch (IOException | RuntimeException e) {
      if (connection != null) {
        give(connection, false, use, canceller);
      }
      use.close();
      throw e;
    }
  }

  private synchronized HttpConnection take() {
    while (!idle.isEmpty()) {
      HttpConnection connection = idle.pop();
      if (!connection.isStale()) {
        return connection;
      }
      connection.close();
    }
    return null;
  }

  private void give(HttpConnection connection, boolean reusable, Binding.Use use, Canceller canceller) {
    canceller.onCancel(null);
    synchronized (this) {
      if (reusable && idle.size() < MAX_IDLE) {
        idle.push(connection);
        connection = null;
      }
    }
    if (connection != null) {
      connection.close();
    }
    use.close();
  }

  private synchronized void closeIdle() {
    while (!idle.isEmpty()) {
      idle.pop().close();
    }
  }

  private static HttpConnection connect(IBinder service) throws IOException {
    Call call = new Call(service);
    Future<ParcelFileDescriptor> future = CALLS.submit(call::connect);
    try {
      return new HttpConnection(new DescriptorStream(future.get(TIMEOUT, TimeUnit.MILLISECONDS)));
    } catch (TimeoutException e) {
      call.abandon();
      throw new DeadlineException("the service made no connection in " + TIMEOUT / 1000 + " s");
    } catch (InterruptedException e) {
      call.abandon();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a connection was made");
    } catch (ExecutionException e) {
      throw of(e.getCause());
    }
  }

  private static IOException of(Throwable cause) {
    if (cause instanceof SecurityException) {
      return new ServiceRefusedException("the service does not serve this app");
    }
    if (cause instanceof IllegalStateException) {
      return new ServiceBusyException("the service makes no more connections now");
    }
    if (cause instanceof RemoteException) {
      return new ServiceDiedException("the service is gone");
    }
    return cause instanceof IOException ? (IOException) cause : new IOException(cause);
  }

  /** One call of the interface, as aidl writes it. */
  private static final class Call {
    private final IBinder service;
    private ParcelFileDescriptor made;
    private boolean abandoned;

    Call(IBinder service) {
      this.service = service;
    }

    ParcelFileDescriptor connect() throws RemoteException, IOException {
      Parcel data = Parcel.obtain();
      Parcel reply = Parcel.obtain();
      try {
        data.writeInterfaceToken(AndroidDevice.STREAMS);
        service.transact(IBinder.FIRST_CALL_TRANSACTION, data, reply, 0);
        reply.readException();
        ParcelFileDescriptor stream = reply.readInt() == 0 ? null : ParcelFileDescriptor.CREATOR.createFromParcel(reply);
        if (stream == null) {
          throw new IllegalStateException("no connection was handed over");
        }
        return kept(stream);
      } finally {
        reply.recycle();
        data.recycle();
      }
    }

    private synchronized ParcelFileDescriptor kept(ParcelFileDescriptor stream) throws IOException {
      if (abandoned) {
        stream.close();
      }
      made = stream;
      return stream;
    }

    /** Nobody waits any more: what is handed over from now on is closed. */
    synchronized void abandon() throws IOException {
      abandoned = true;
      if (made != null) {
        made.close();
      }
    }
  }
}
