package org.offlineauth.client;

import android.os.Bundle;
import android.os.DeadObjectException;
import android.os.Handler;
import android.os.Message;
import android.os.Messenger;
import android.os.RemoteException;
import android.os.TransactionTooLargeException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Request;
import okhttp3.Response;

/**
 * The message wire on Android's Messenger, as httpoveripc has it. Answers have no number that ties them
 * to their requests, so each request has a Messenger of its own for its answer.
 */
final class MessengerWire implements Wire {
  /** Bytes of a message; what is larger goes over the stream wire if there is one. */
  static final int SMALL = 128 << 10;

  private static final int LARGEST = 500 << 10; // of a one-way transaction, some 508 KiB, less the rest of it
  private static final int REQUEST = 42;
  static final long TIMEOUT = 30_000; // milliseconds

  private final Binding binding;
  private final int limit;
  private final long timeout; // milliseconds, of a whole exchange
  private final Semaphore share = new Semaphore(LARGEST); // all requests on their way have it together

  MessengerWire(Binding binding, boolean besideStream, long timeout) {
    this.binding = binding;
    this.timeout = timeout;
    this.limit = besideStream ? SMALL : LARGEST;
  }

  @Override
  public Response send(Request request, Canceller canceller) throws IOException {
    byte[] message = Messages.write(request);
    if (message.length > limit) {
      throw new TooLargeException(false);
    }
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    canceller.onCancel(() -> answer.completeExceptionally(new IOException("Canceled")));
    Binding.Use use = binding.use();
    boolean taken = false;
    try {
      use.onDeath(() -> answer.completeExceptionally(new ServiceDiedException("the process of the service ended")));
      taken = share.tryAcquire(message.length, timeout, TimeUnit.MILLISECONDS);
      if (!taken) {
        throw new ServiceBusyException("other requests are in the way");
      }
      send(use, message, answer);
      Response response = Messages.read(answer.get(timeout, TimeUnit.MILLISECONDS), request);
      throwAnsweredError(response);
      return response;
    } catch (TimeoutException e) {
      throw new DeadlineException("no answer came in " + timeout + " ms");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for an answer");
    } catch (ExecutionException e) {
      throw (IOException) e.getCause();
    } finally {
      if (taken) {
        share.release(message.length);
      }
      canceller.onCancel(null);
      use.close();
    }
  }

  private static void send(Binding.Use use, byte[] request, CompletableFuture<byte[]> answer) throws ClientException {
    Bundle data = new Bundle();
    data.putByteArray("request", request);
    Message message = Message.obtain(null, REQUEST);
    message.setData(data);
    message.replyTo = new Messenger(new Handler(Binding.looper(), reply -> receive(reply, answer)));
    try {
      new Messenger(use.binder()).send(message);
    } catch (TransactionTooLargeException e) {
      throw new TooLargeException(false);
    } catch (DeadObjectException e) {
      // A transaction that is too large can look like this, too; death is then told besides.
      throw request.length > SMALL && use.binder().isBinderAlive() ? new TooLargeException(false) : new ServiceDiedException("the service is gone");
    } catch (RemoteException e) {
      throw new ServiceDiedException("the service cannot be reached: " + e.getMessage());
    }
  }

  private static boolean receive(Message reply, CompletableFuture<byte[]> answer) {
    byte[] response = null;
    try {
      response = reply.getData().getByteArray("response");
    } catch (RuntimeException e) {
      // a Bundle that cannot be read is no answer
    }
    if (response == null) {
      answer.completeExceptionally(new MessageException("response", "the answer has no message"));
    } else {
      answer.complete(response);
    }
    return true;
  }

  /** Turns an answer that the handler of the URL did not give into its exception. */
  static void throwAnsweredError(Response response) throws ClientException {
    switch (String.valueOf(response.header("Ipc-Error"))) {
      case "request-too-large":
        throw new TooLargeException(false);
      case "response-too-large":
        throw new TooLargeException(true);
      case "refused":
        throw new ServiceRefusedException("the service does not serve this app");
      case "busy":
        throw new ServiceBusyException("the service has too many requests of this app");
      default:
    }
  }
}
