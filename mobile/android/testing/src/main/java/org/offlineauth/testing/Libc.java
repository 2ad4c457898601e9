package org.offlineauth.testing;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import java.io.FileDescriptor;
import java.lang.reflect.Field;

/** Calls of Linux, on descriptors of the JVM. What fails throws a LastErrorException. */
public final class Libc {
  static {
    Native.register("c");
  }

  private Libc() {}

  public static native int socketpair(int domain, int type, int protocol, int[] pair) throws LastErrorException;

  public static native int poll(byte[] pollfds, long count, int timeout) throws LastErrorException;

  public static native int recv(int fd, byte[] to, long length, int flags) throws LastErrorException;

  public static native int send(int fd, byte[] from, long length, int flags) throws LastErrorException;

  public static native int shutdown(int fd, int how) throws LastErrorException;

  public static native int dup(int fd) throws LastErrorException;

  public static native int close(int fd) throws LastErrorException;

  public static int number(FileDescriptor fd) {
    try {
      return field().getInt(fd);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the JVM keeps the number elsewhere", e);
    }
  }

  public static FileDescriptor descriptor(int number) {
    FileDescriptor fd = new FileDescriptor();
    set(fd, number);
    return fd;
  }

  public static void set(FileDescriptor fd, int number) {
    try {
      field().setInt(fd, number);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the JVM keeps the number elsewhere", e);
    }
  }

  private static Field field() throws NoSuchFieldException {
    Field field = FileDescriptor.class.getDeclaredField("fd");
    field.setAccessible(true);
    return field;
  }
}
