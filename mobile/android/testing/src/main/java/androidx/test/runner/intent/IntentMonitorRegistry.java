package androidx.test.runner.intent;

/** Keeps nothing: nobody asks. */
public final class IntentMonitorRegistry {
  private IntentMonitorRegistry() {}

  public static void registerInstance(IntentMonitor monitor) {}
}
