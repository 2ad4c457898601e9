package org.offlineauth.server;

import java.io.IOException;

/**
 * The key that the app's files are sealed under is gone: the device was reset, or the files came
 * from another one. Nobody can read them any more. {@link AuthorizationServer#startAnew} begins with
 * new ones.
 */
public final class KeyLostException extends IOException {
  KeyLostException(Throwable cause) {
    super("the key of this app's files is lost", cause);
  }
}
