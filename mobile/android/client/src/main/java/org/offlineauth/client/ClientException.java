package org.offlineauth.client;

import java.io.IOException;

/** What can go wrong here. The subclasses say what, and what to do then. */
public abstract class ClientException extends IOException {
  ClientException(String message) {
    super(message);
  }

  ClientException(String message, Throwable cause) {
    super(message, cause);
  }
}
