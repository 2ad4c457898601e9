package org.offlineauth.server;

import android.app.Service;
import android.content.Intent;
import android.os.IBinder;
import org.offlineauth.IHttpOverIpc;
import org.offlineauth.mobile.App;

/**
 * The service that other apps bind: whole HTTP messages to a Messenger, or with the action {@code
 * org.offlineauth.IHttpOverIpc} descriptors on which HTTP is spoken. Export it.
 *
 * <p>It is as important as the apps that are bound to it, and not at all when none is. So it needs no
 * notification, and what it holds is given back when the last one has gone: the system may freeze the
 * process then.
 */
public final class HttpOverIpcService extends Service {
  private AuthorizationServer server;
  private MessageWire messages;
  private StreamWire streams;

  @Override
  public void onCreate() {
    super.onCreate();
    server = AuthorizationServer.of(this);
    messages = new MessageWire(server);
    streams = new StreamWire(server);
    server.work("opening", app -> {}); // while the caller still binds
  }

  @Override
  public IBinder onBind(Intent intent) {
    return IHttpOverIpc.class.getName().equals(intent.getAction()) ? streams.asBinder() : messages.binder();
  }

  @Override
  public void onTrimMemory(int level) {
    server.workIfOpen("giving memory back", App::trim);
  }

  @Override
  public void onDestroy() {
    messages.close();
    server.workIfOpen("ending the streams", App::rest);
    super.onDestroy();
  }
}
