package org.offlineauth.client;

import android.os.ParcelFileDescriptor;
import android.system.ErrnoException;
import android.system.Os;
import android.system.OsConstants;
import android.system.StructPollfd;
import java.io.FileDescriptor;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** A connected stream socket, read and written by one thread at a time; another may abort it. */
final class DescriptorStream {
  private static final int MSG_DONTWAIT = 0x40; // of Linux; OsConstants does not have it

  private final ParcelFileDescriptor owner;
  private final FileDescriptor fd;
  private volatile long timeout; // milliseconds
  private boolean closed;

  DescriptorStream(ParcelFileDescriptor owner) {
    this.owner = owner;
    this.fd = owner.getFileDescriptor();
  }

  /** How long the next reads and writes wait before they throw a DeadlineException. */
  void setTimeout(long milliseconds) {
    timeout = milliseconds;
  }

  /** Reads some bytes; -1 at the end. */
  int read(byte[] to, int offset, int count) throws IOException {
    while (true) {
      await(OsConstants.POLLIN);
      try {
        int n = Os.recvfrom(fd, to, offset, count, MSG_DONTWAIT, null);
        return n == 0 ? -1 : n;
      } catch (ErrnoException e) {
        throwUnlessAgain(e);
      }
    }
  }

  void write(byte[] from, int offset, int count) throws IOException {
    for (int sent = 0; sent < count; ) {
      await(OsConstants.POLLOUT);
      try {
        sent += Os.sendto(fd, from, offset + sent, count - sent, MSG_DONTWAIT, null, 0);
      } catch (ErrnoException e) {
        throwUnlessAgain(e);
      }
    }
  }

  private static void throwUnlessAgain(ErrnoException e) throws IOException {
    if (e.errno == OsConstants.EAGAIN || e.errno == OsConstants.EINTR) {
      return;
    }
    if (e.errno == OsConstants.EPIPE || e.errno == OsConstants.ECONNRESET) {
      throw new ServiceDiedException("the service closed the connection");
    }
    throw new IOException(e.getMessage(), e);
  }

  private void await(int event) throws IOException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeout);
    while (true) {
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (left <= 0) {
        throw new DeadlineException("nothing moved for " + timeout + " ms");
      }
      if (poll(event, (int) left)) {
        return;
      }
    }
  }

  private boolean poll(int event, int milliseconds) throws IOException {
    StructPollfd one = new StructPollfd();
    one.fd = fd;
    one.events = (short) event;
    try {
      return Os.poll(new StructPollfd[] {one}, milliseconds) > 0;
    } catch (ErrnoException e) {
      if (e.errno == OsConstants.EINTR) {
        return false;
      }
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Whether an idle connection has come to its end, or has bytes that nobody asked for. */
  boolean isStale() {
    try {
      return poll(OsConstants.POLLIN, 0);
    } catch (IOException e) {
      return true;
    }
  }

  /** Makes whoever reads or writes stop, from any thread. */
  synchronized void abort() {
    if (closed) {
      return;
    }
    try {
      Os.shutdown(fd, OsConstants.SHUT_RDWR);
    } catch (ErrnoException e) {
      // the peer is gone already
    }
  }

  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      owner.close();
    } catch (IOException e) {
      // it is gone in any case
    }
  }
}
