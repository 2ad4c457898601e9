package org.offlineauth.client;

import android.content.ComponentName;
import android.content.Context;
import android.content.Intent;
import android.content.ServiceConnection;
import android.os.Handler;
import android.os.HandlerThread;
import android.os.IBinder;
import android.os.Looper;
import android.os.RemoteException;
import android.os.SystemClock;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A service that is bound while somebody uses it and half a minute longer, so that the system neither
 * freezes it meanwhile nor keeps it for nothing. After its death the next use binds it again.
 */
final class Binding {
  private static final long TIMEOUT = 10_000; // milliseconds for the system to start and bind the service
  private static final long IDLE = 30_000; // milliseconds
  private static Looper looper;

  private final AndroidDevice device;
  private final Pin pin;
  private final Target target;
  private final Handler handler = new Handler(looper());
  private Connection current; // null if none is bound
  private Runnable atUnbind = () -> {};

  /** Says what to bind. */
  interface Target {
    Intent intent() throws IOException;
  }

  Binding(AndroidDevice device, Pin pin, Target target) {
    this.device = device;
    this.pin = pin;
    this.target = target;
  }

  /** The thread on which answers come. */
  static synchronized Looper looper() {
    if (looper == null) {
      HandlerThread thread = new HandlerThread("offlineauth");
      thread.start();
      looper = thread.getLooper();
    }
    return looper;
  }

  /** Runs whenever the service has been unbound, or has died. */
  void atUnbind(Runnable action) {
    atUnbind = action;
  }

  /** Binds the service, if it is not, after verifying its package. Close the use when it is over. */
  Use use() throws IOException {
    Connection connection;
    boolean fresh = false;
    synchronized (this) {
      if (current == null) {
        device.verify(pin);
        current = new Connection(target.intent());
        fresh = true;
      }
      connection = current;
      connection.users++;
      handler.removeCallbacksAndMessages(connection);
    }
    Use use = new Use(connection);
    try {
      if (fresh) {
        connection.bind();
      }
      use.binder = await(connection);
      return use;
    } catch (IOException | RuntimeException e) {
      connection.end(null);
      use.close();
      throw e;
    }
  }

  private static IBinder await(Connection connection) throws IOException {
    try {
      return connection.binder.get(TIMEOUT, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new DeadlineException("the service was not bound in " + TIMEOUT / 1000 + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the service was bound");
    } catch (ExecutionException e) {
      throw (IOException) e.getCause();
    }
  }

  /** One use of the service. */
  final class Use {
    private final Connection connection;
    private IBinder binder;
    private Runnable mourner;
    private boolean closed;

    private Use(Connection connection) {
      this.connection = connection;
    }

    IBinder binder() {
      return binder;
    }

    /** Runs the action when the service dies, at once if it is dead. */
    void onDeath(Runnable action) {
      synchronized (Binding.this) {
        mourner = action;
        if (!connection.over) {
          connection.mourners.add(action);
          return;
        }
      }
      action.run();
    }

    void close() {
      synchronized (Binding.this) {
        if (closed) {
          return;
        }
        closed = true;
        connection.mourners.remove(mourner);
        connection.users--;
        if (connection.users == 0 && !connection.over) {
          handler.postAtTime(() -> connection.endIfIdle(), connection, SystemClock.uptimeMillis() + IDLE);
        }
      }
    }
  }

  private final class Connection implements ServiceConnection, IBinder.DeathRecipient {
    final CompletableFuture<IBinder> binder = new CompletableFuture<>();
    final List<Runnable> mourners = new ArrayList<>();
    private final Intent intent;
    private int users;
    private boolean over;

    Connection(Intent intent) {
      this.intent = intent;
    }

    void bind() throws IOException {
      boolean bound;
      try {
        bound = device.context().bindService(intent, this, Context.BIND_AUTO_CREATE);
      } catch (SecurityException e) {
        throw new NoServiceException("the system does not let this app bind " + intent.getComponent());
      }
      if (!bound) {
        throw new NoServiceException("there is no service " + intent.getComponent());
      }
    }

    @Override
    public void onServiceConnected(ComponentName name, IBinder service) {
      try {
        // The package may have been replaced since it was verified.
        device.verify(pin);
        if (!name.getPackageName().equals(pin.packageName())) {
          throw new UnverifiedServiceException(name.flattenToShortString(), "another package answers");
        }
        service.linkToDeath(this, 0);
        binder.complete(service);
      } catch (RemoteException e) {
        end(new ServiceDiedException("the service died while it was bound"));
      } catch (ClientException e) {
        end(e);
      }
    }

    @Override
    public void onServiceDisconnected(ComponentName name) {
      end(new ServiceDiedException("the process of the service ended"));
    }

    @Override
    public void onBindingDied(ComponentName name) {
      end(new ServiceDiedException("the app of the service was updated or removed"));
    }

    @Override
    public void onNullBinding(ComponentName name) {
      end(new NoServiceException(name.flattenToShortString() + " does not serve this"));
    }

    @Override
    public void binderDied() {
      end(new ServiceDiedException("the process of the service ended"));
    }

    private void endIfIdle() {
      synchronized (Binding.this) {
        if (users > 0) {
          return;
        }
      }
      end(null);
    }

    /** Unbinds, once, and tells those who wait. */
    private void end(ClientException why) {
      List<Runnable> told;
      synchronized (Binding.this) {
        if (over) {
          return;
        }
        over = true;
        if (current == this) {
          current = null;
        }
        told = new ArrayList<>(mourners);
        handler.removeCallbacksAndMessages(this);
      }
      binder.completeExceptionally(why == null ? new NoServiceException("the service was unbound") : why);
      try {
        device.context().unbindService(this);
      } catch (IllegalArgumentException e) {
        // it never was bound
      }
      IBinder dead = binder.isCompletedExceptionally() ? null : binder.getNow(null);
      if (dead != null) {
        dead.unlinkToDeath(this, 0);
      }
      atUnbind.run();
      for (Runnable one : told) {
        one.run();
      }
    }
  }
}
