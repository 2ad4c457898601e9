package org.offlineauth.client;

import java.io.IOException;
import okhttp3.Request;
import okhttp3.Response;

/** A way on which a request goes to the service, once. */
interface Wire {
  /** The answer, whatever its status. canceller is told how to give the request up. */
  Response send(Request request, Canceller canceller) throws IOException;

  /** Gives up what goes on, when it is asked to. */
  interface Canceller {
    Canceller NEVER = action -> {};

    /** Runs the action when the request is given up: at once if it already is. Null takes it back. */
    void onCancel(Runnable action);
  }
}
