package org.offlineauth.testing;

import android.os.Parcel;
import android.os.ParcelFileDescriptor;
import android.os.Parcelable;
import java.io.FileDescriptor;
import java.io.IOException;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.annotation.RealObject;
import org.robolectric.shadow.api.Shadow;

/** A {@link ParcelFileDescriptor} of the kernel's own. Its pairs are connected. */
@Implements(ParcelFileDescriptor.class)
public final class ShadowDescriptor {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM_CLOEXEC = 1 | 0x80000;

  @RealObject private ParcelFileDescriptor real;
  private FileDescriptor fd;
  private boolean over; // closed, or somebody else's

  @Implementation
  protected void __constructor__(FileDescriptor of) {
    fd = of;
  }

  @Implementation
  protected void __constructor__(FileDescriptor of, FileDescriptor status) {
    fd = of;
  }

  @Implementation
  protected void __constructor__(ParcelFileDescriptor of) {
    ShadowDescriptor wrapped = Shadow.extract(of);
    fd = wrapped.fd;
  }

  @Implementation
  protected static ParcelFileDescriptor[] createSocketPair() {
    return createSocketPair(1);
  }

  @Implementation
  protected static ParcelFileDescriptor[] createSocketPair(int type) {
    int[] pair = new int[2];
    Libc.socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair);
    return new ParcelFileDescriptor[] {adoptFd(pair[0]), adoptFd(pair[1])};
  }

  @Implementation
  protected static ParcelFileDescriptor[] createReliableSocketPair() {
    return createSocketPair(1);
  }

  @Implementation
  protected static ParcelFileDescriptor adoptFd(int number) {
    return new ParcelFileDescriptor(Libc.descriptor(number));
  }

  @Implementation
  protected synchronized ParcelFileDescriptor dup() {
    return adoptFd(Libc.dup(getFd()));
  }

  @Implementation
  protected FileDescriptor getFileDescriptor() {
    return fd;
  }

  @Implementation
  protected synchronized int getFd() {
    if (over) {
      throw new IllegalStateException("already closed");
    }
    return Libc.number(fd);
  }

  @Implementation
  protected synchronized int detachFd() {
    int number = getFd();
    over = true;
    Libc.set(fd, -1);
    return number;
  }

  @Implementation
  protected synchronized void close() throws IOException {
    if (!over) {
      Libc.close(detachFd());
    }
  }

  @Implementation
  protected void closeWithError(String why) throws IOException {
    real.close();
  }

  /** As the system duplicates a descriptor for the process that receives it. */
  @Implementation
  protected void writeToParcel(Parcel to, int flags) throws IOException {
    to.writeInt(0); // no second descriptor for its status
    to.writeFileDescriptor(Libc.descriptor(Libc.dup(getFd())));
    if ((flags & Parcelable.PARCELABLE_WRITE_RETURN_VALUE) != 0) {
      real.close();
    }
  }

  @Implementation
  protected void finalize() {}
}
