package androidx.test.platform.app;

import android.app.Instrumentation;
import android.os.Bundle;

/** Knows which instrumentation the tests run in. */
public final class InstrumentationRegistry {
  private static volatile Instrumentation instrumentation;

  private InstrumentationRegistry() {}

  /** What is registered; an IllegalStateException if there is none. */
  public static Instrumentation getInstrumentation() {
    if (instrumentation == null) {
      throw new IllegalStateException("no instrumentation is registered");
    }
    return instrumentation;
  }

  public static void registerInstance(Instrumentation registered, Bundle arguments) {
    instrumentation = registered;
  }
}
