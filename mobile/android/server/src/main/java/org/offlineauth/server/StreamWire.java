package org.offlineauth.server;

import android.os.Binder;
import android.os.ParcelFileDescriptor;
import android.util.Log;
import java.io.IOException;
import org.offlineauth.IHttpOverIpc;
import org.offlineauth.mobile.Caller;

/** Hands over connections. Who calls {@link #connect} is the caller of all that is asked on it. */
final class StreamWire extends IHttpOverIpc.Stub {
  private final AuthorizationServer server;

  StreamWire(AuthorizationServer server) {
    this.server = server;
  }

  @Override
  public ParcelFileDescriptor connect() {
    int uid = Binder.getCallingUid();
    int pid = Binder.getCallingPid();
    Caller caller;
    try {
      caller = server.attestor().attest(uid, pid);
    } catch (SecurityException refused) {
      Log.w(AuthorizationServer.TAG, "a caller is not served: " + refused.getMessage());
      throw new SecurityException("this caller is not served"); // without what was found out
    }
    try {
      return connected(caller);
    } catch (Exception failed) {
      Log.e(AuthorizationServer.TAG, "no stream for the uid " + uid, failed);
      throw new IllegalStateException("there are no more connections now"); // crosses the binder as what it is
    }
  }

  private ParcelFileDescriptor connected(Caller caller) throws Exception {
    ParcelFileDescriptor[] pair = ParcelFileDescriptor.createSocketPair();
    boolean served = false;
    try {
      server.app().serve(pair[1].detachFd(), caller); // Go's from here on
      served = true;
      return pair[0];
    } finally {
      close(pair[1]);
      if (!served) {
        close(pair[0]);
      }
    }
  }

  private static void close(ParcelFileDescriptor one) {
    try {
      one.close(); // does nothing to one that was detached
    } catch (IOException ignored) {
      Log.w(AuthorizationServer.TAG, "a descriptor was not closed", ignored);
    }
  }
}
