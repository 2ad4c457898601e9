package org.offlineauth.server;

/** What the {@link android.app.Application} of an authorization app implements. */
public interface AuthorizationApp {
  /** Says what the app serves. It is asked once in the life of a process, by any thread. */
  Setup authorization();
}
