package org.offlineauth.server;

import android.os.Bundle;
import android.os.DeadObjectException;
import android.os.Handler;
import android.os.HandlerThread;
import android.os.IBinder;
import android.os.Looper;
import android.os.Message;
import android.os.Messenger;
import android.os.RemoteException;
import android.util.Log;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.offlineauth.mobile.Call;
import org.offlineauth.mobile.Caller;

/**
 * Whole HTTP messages over a Messenger, as httpoveripc has them. A request is a Message with a Bundle
 * in which {@code request} is the bytes; the answer goes to its {@code replyTo}.
 */
final class MessageWire {
  private static final int RESPONSE = 64003;
  private static final String REQUEST_KEY = "request";
  private static final String RESPONSE_KEY = "response";

  /** Of the 508 KiB that one-way calls to a process share. */
  private static final int MAX_ANSWER = 384 << 10;

  /** How many messages of one uid may wait here. */
  private static final int MAX_WAITING = 32;

  private static final byte[] REFUSED = error("403 Forbidden", "refused", "this caller is not served");
  private static final byte[] BUSY = error("503 Service Unavailable", "busy", "too many requests of this app wait");
  private static final byte[] FAILED = error("500 Internal Server Error", "failed", "internal error");
  private static final byte[] NOT_CARRIED = error("500 Internal Server Error", "response-too-large", "the answer does not fit");

  private final AuthorizationServer server;
  private final HandlerThread thread = new HandlerThread("offlineauth");
  private final Messenger messenger;
  private final Map<Integer, Integer> waiting = new HashMap<>(); // messages by uid

  MessageWire(AuthorizationServer server) {
    this.server = server;
    thread.start();
    messenger = new Messenger(new Receiver(thread.getLooper()));
  }

  IBinder binder() {
    return messenger.getBinder();
  }

  void close() {
    thread.quitSafely();
  }

  private final class Receiver extends Handler {
    Receiver(Looper looper) {
      super(looper);
    }

    @Override
    public void handleMessage(Message m) {
      if (m.replyTo == null) {
        Log.w(AuthorizationServer.TAG, "a message of the uid " + m.sendingUid + " says not whom to answer");
        return;
      }
      receive(new Exchange(m.sendingUid, m.replyTo, request(m)));
    }
  }

  /** The bytes of a message; null, which is malformed, if it has none that can be read. */
  private static byte[] request(Message m) {
    try {
      return m.getData().getByteArray(REQUEST_KEY);
    } catch (RuntimeException garbage) { // whatever a sender can put into a Bundle
      Log.w(AuthorizationServer.TAG, "a message of the uid " + m.sendingUid + " cannot be read", garbage);
      return null;
    }
  }

  private void receive(Exchange e) {
    Caller caller;
    try {
      caller = server.attestor().attest(e.uid, -1);
    } catch (SecurityException refused) {
      Log.w(AuthorizationServer.TAG, "a caller is not served: " + refused.getMessage());
      e.answer(REFUSED);
      return;
    }
    if (!enter(e.uid)) {
      Log.w(AuthorizationServer.TAG, "too many messages of the uid " + e.uid + " wait");
      e.answer(BUSY);
      return;
    }
    try {
      server.workers().execute(() -> e.run(caller));
    } catch (RejectedExecutionException ending) {
      leave(e.uid);
      e.answer(BUSY);
    }
  }

  private synchronized boolean enter(int uid) {
    Integer now = waiting.get(uid);
    if (now != null && now >= MAX_WAITING) {
      return false;
    }
    waiting.put(uid, now == null ? 1 : now + 1);
    return true;
  }

  private synchronized void leave(int uid) {
    Integer now = waiting.get(uid);
    if (now == null || now <= 1) {
      waiting.remove(uid);
    } else {
      waiting.put(uid, now - 1);
    }
  }

  /** One request and its answer. */
  private final class Exchange {
    final int uid;
    private final Messenger replyTo;
    private final byte[] request;

    Exchange(int uid, Messenger replyTo, byte[] request) {
      this.uid = uid;
      this.replyTo = replyTo;
      this.request = request;
    }

    void run(Caller caller) {
      byte[] answer = FAILED;
      try {
        answer = handle(caller);
      } catch (DeadObjectException gone) {
        Log.i(AuthorizationServer.TAG, "who asked is gone, uid " + uid);
        return;
      } catch (Exception failed) {
        Log.e(AuthorizationServer.TAG, "a message of the uid " + uid + " was not handled", failed);
      } finally {
        leave(uid);
      }
      answer(answer);
    }

    /** Handles the request, and gives it up when the one who waits for the answer dies. */
    private byte[] handle(Caller caller) throws Exception {
      Call call = new Call();
      call.limitAnswer(MAX_ANSWER);
      IBinder.DeathRecipient death = call::cancel;
      replyTo.getBinder().linkToDeath(death, 0);
      try {
        return server.app().handle(request, caller, call).get();
      } finally {
        replyTo.getBinder().unlinkToDeath(death, 0);
      }
    }

    private void answer(byte[] response) {
      try {
        send(response);
      } catch (DeadObjectException gone) {
        Log.i(AuthorizationServer.TAG, "who asked is gone, uid " + uid);
      } catch (RemoteException | RuntimeException notCarried) { // what is in flight shares the room
        Log.w(AuthorizationServer.TAG, "an answer of " + response.length + " bytes was not carried", notCarried);
        answerShort();
      }
    }

    private void answerShort() {
      try {
        send(NOT_CARRIED);
      } catch (RemoteException | RuntimeException gone) {
        Log.e(AuthorizationServer.TAG, "the uid " + uid + " cannot be answered", gone);
      }
    }

    private void send(byte[] response) throws RemoteException {
      Bundle data = new Bundle();
      data.putByteArray(RESPONSE_KEY, response);
      Message m = Message.obtain(null, RESPONSE);
      m.setData(data);
      replyTo.send(m);
    }
  }

  private static byte[] error(String status, String kind, String text) {
    return ("HTTP/1.1 " + status + "\r\nContent-Length: " + text.length() + "\r\nContent-Type: text/plain\r\nIpc-Error: " + kind + "\r\n\r\n" + text)
        .getBytes(StandardCharsets.US_ASCII);
  }
}
