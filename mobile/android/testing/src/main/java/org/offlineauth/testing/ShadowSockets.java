package org.offlineauth.testing;

import android.system.ErrnoException;
import android.system.Os;
import android.system.StructPollfd;
import com.sun.jna.LastErrorException;
import java.io.FileDescriptor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;

/** The calls of {@link Os} that an app makes on a descriptor, made for real. */
@Implements(Os.class)
public final class ShadowSockets {
  private static final int NOSIGNAL = 0x4000;
  private static final int POLLFD = 8; // bytes of struct pollfd: int fd, short events, short revents

  private ShadowSockets() {}

  @Implementation
  protected static long sysconf(int name) {
    return 4096; // the size of a page is what is asked for
  }

  @Implementation
  protected static int poll(StructPollfd[] fds, int timeout) throws ErrnoException {
    ByteBuffer all = ByteBuffer.allocate(fds.length * POLLFD).order(ByteOrder.nativeOrder());
    for (StructPollfd one : fds) {
      all.putInt(Libc.number(one.fd)).putShort(one.events).putShort((short) 0);
    }
    int ready = call("poll", () -> Libc.poll(all.array(), fds.length, timeout));
    for (int i = 0; i < fds.length; i++) {
      fds[i].revents = all.getShort(i * POLLFD + 6);
    }
    return ready;
  }

  @Implementation
  protected static int recvfrom(FileDescriptor fd, byte[] to, int offset, int count, int flags, InetSocketAddress from)
      throws ErrnoException {
    byte[] read = new byte[count];
    int n = call("recvfrom", () -> Libc.recv(Libc.number(fd), read, count, flags));
    System.arraycopy(read, 0, to, offset, n);
    return n;
  }

  @Implementation
  protected static int sendto(FileDescriptor fd, byte[] from, int offset, int count, int flags, InetAddress to, int port)
      throws ErrnoException {
    byte[] written = Arrays.copyOfRange(from, offset, offset + count);
    return call("sendto", () -> Libc.send(Libc.number(fd), written, count, flags | NOSIGNAL));
  }

  @Implementation
  protected static void shutdown(FileDescriptor fd, int how) throws ErrnoException {
    call("shutdown", () -> Libc.shutdown(Libc.number(fd), how));
  }

  private interface Call {
    int make();
  }

  private static int call(String name, Call call) throws ErrnoException {
    try {
      return call.make();
    } catch (LastErrorException e) {
      throw new ErrnoException(name, e.getErrorCode());
    }
  }
}
