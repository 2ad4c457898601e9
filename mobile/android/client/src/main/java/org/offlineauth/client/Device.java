package org.offlineauth.client;

import java.io.IOException;

/** What the operating system does for a client. */
interface Device {
  /** An IllegalStateException on the thread that must not wait. */
  void refuseMainThread();

  /**
   * Whether the package is there, signed as the pin says. One that is there and signed otherwise is an
   * UnverifiedServiceException.
   */
  boolean isInstalled(Pin pin) throws IOException;

  /** The ways to a service of the pinned package, which is verified again before each connection. */
  Service service(ServiceAddress address, Pin pin) throws IOException;

  /** Both wires of one service. */
  interface Service {
    /** For the small exchanges with the authorization server. */
    Wire endpoints();

    /** For everything else. */
    Wire apis();
  }
}
