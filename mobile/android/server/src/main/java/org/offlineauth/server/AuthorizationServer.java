package org.offlineauth.server;

import android.content.Context;
import android.util.Log;
import java.io.File;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.offlineauth.mobile.App;
import org.offlineauth.mobile.Config;
import org.offlineauth.mobile.Keystore;
import org.offlineauth.mobile.Mobile;

/** The authorization server of this process. It is opened when it is first needed. */
public final class AuthorizationServer {
  static final String TAG = "offlineauth";

  /** How many requests are worked on at a time. */
  private static final int THREADS = 8;

  private static AuthorizationServer instance;

  private final Context context;
  private final Setup setup;
  private final Keystore keystore;
  private final Attestor attestor;
  private final ThreadPoolExecutor workers;
  private App app;

  private AuthorizationServer(Context context, Setup setup) {
    this.context = context;
    this.setup = setup;
    keystore = setup.keystore != null ? setup.keystore : new DeviceKeystore(context);
    attestor = new Attestor(context);
    workers = new ThreadPoolExecutor(THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
    workers.allowCoreThreadTimeOut(true);
  }

  /**
   * The server of the process.
   *
   * @throws IllegalStateException if the application is no {@link AuthorizationApp}
   */
  public static synchronized AuthorizationServer of(Context context) {
    Context application = context.getApplicationContext();
    if (instance == null || instance.context != application) { // tests have several in a process
      if (!(application instanceof AuthorizationApp)) {
        throw new IllegalStateException("the android:name of <application> must be a class that implements AuthorizationApp");
      }
      instance = new AuthorizationServer(application, ((AuthorizationApp) application).authorization());
    }
    return instance;
  }

  /**
   * The person's side: accounts, client apps, grants. It waits for the disk when it is first asked:
   * do not ask it on the thread that draws.
   *
   * @throws KeyLostException if the files cannot be read any more
   * @throws Exception if they cannot be opened now; the next call tries again
   */
  public synchronized App app() throws Exception {
    if (app == null) {
      app = open();
    }
    return app;
  }

  private App open() throws Exception {
    Config config = new Config();
    config.setIssuer(setup.issuer);
    config.setDataDir(directory().getPath());
    config.setCustomScheme(setup.customScheme);
    config.setIPCService(context.getPackageName());
    config.setRecords(setup.records);
    config.setMemoryLimit(setup.memoryLimit);
    config.setKeystore(keystore);
    for (String[] api : setup.apis) {
      config.addAPI(api[0], api[1], api[2]);
    }
    try {
      return Mobile.open(config, new Device(context, attestor, setup.answers));
    } catch (Exception failed) {
      if (keystore instanceof DeviceKeystore && ((DeviceKeystore) keystore).lost()) {
        throw new KeyLostException(failed);
      }
      throw failed;
    }
  }

  /** Nothing of it is backed up: it could not be read on another device. */
  private File directory() {
    return new File(context.getNoBackupFilesDir(), TAG);
  }

  /**
   * Begins with new files after a {@link KeyLostException}: no people, no client apps, no grants. The
   * old ones are put aside, beside the new ones.
   */
  public synchronized void startAnew() throws Exception {
    close();
    File old = directory();
    File aside = new File(old.getParent(), TAG + ".aside-" + System.currentTimeMillis());
    if (old.exists() && !old.renameTo(aside)) {
      throw new IOException("the old files cannot be put aside");
    }
    if (keystore instanceof DeviceKeystore) {
      ((DeviceKeystore) keystore).forget();
    }
  }

  /** Closes the files, after the requests that run. The next use opens them again. */
  public synchronized void close() throws Exception {
    if (app != null) {
      App open = app;
      app = null;
      open.close();
    }
  }

  Attestor attestor() {
    return attestor;
  }

  ExecutorService workers() {
    return workers;
  }

  interface Work {
    void with(App app) throws Exception;
  }

  /** Does something beside the thread that draws; what fails goes to the log. */
  void work(String what, Work work) {
    workers.execute(
        () -> {
          try {
            work.with(app());
          } catch (Exception failed) {
            Log.e(TAG, what + " failed", failed);
          }
        });
  }

  /** Does something with the server if it is open, and opens it for nothing. */
  void workIfOpen(String what, Work work) {
    workers.execute(
        () -> {
          App open;
          synchronized (this) {
            open = app;
          }
          try {
            if (open != null) {
              work.with(open);
            }
          } catch (Exception failed) {
            Log.e(TAG, what + " failed", failed);
          }
        });
  }
}
