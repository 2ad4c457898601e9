package org.offlineauth.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;

import android.os.Bundle;
import android.os.Handler;
import android.os.HandlerThread;
import android.os.Message;
import android.os.Messenger;
import android.os.ParcelFileDescriptor;
import android.system.Os;
import android.system.OsConstants;
import android.system.StructPollfd;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.offlineauth.testing.AndroidRunner;

@RunWith(AndroidRunner.class)
public final class FrameworkTest {
  @Test
  public void messengersCarryBytes() throws Exception {
    HandlerThread thread = new HandlerThread("receiver");
    thread.start();
    CompletableFuture<byte[]> received = new CompletableFuture<>();
    Messenger messenger =
        new Messenger(
            new Handler(thread.getLooper()) {
              @Override
              public void handleMessage(Message m) {
                received.complete(m.getData().getByteArray("request"));
              }
            });
    Message message = Message.obtain(null, 42);
    Bundle data = new Bundle();
    data.putByteArray("request", new byte[] {1, 2, 3});
    message.setData(data);
    messenger.send(message);
    assertArrayEquals(new byte[] {1, 2, 3}, received.get(10, TimeUnit.SECONDS));
    thread.quit();
  }

  @Test
  public void socketPairsConnect() throws Exception {
    ParcelFileDescriptor[] pair = ParcelFileDescriptor.createSocketPair();
    StructPollfd readable = new StructPollfd();
    readable.fd = pair[1].getFileDescriptor();
    readable.events = (short) OsConstants.POLLIN;
    assertEquals(0, Os.poll(new StructPollfd[] {readable}, 0));
    assertEquals(1, Os.sendto(pair[0].getFileDescriptor(), new byte[] {7}, 0, 1, 0, null, 0));
    assertEquals(1, Os.poll(new StructPollfd[] {readable}, 10_000));
    byte[] read = new byte[8];
    assertEquals(1, Os.recvfrom(pair[1].getFileDescriptor(), read, 0, 8, 0, null));
    assertEquals(7, read[0]);
    pair[0].close();
    assertEquals(0, Os.recvfrom(pair[1].getFileDescriptor(), read, 0, 8, 0, null));
    pair[1].close();
  }
}
