package org.offlineauth.testing;

import org.junit.runners.model.FrameworkMethod;
import org.junit.runners.model.InitializationError;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.internal.bytecode.InstrumentationConfiguration;

/**
 * Runs a test with the classes of Android, for each version of it in robolectric.properties.
 *
 * <p>Those versions have a loader of classes each. What is native belongs to one loader only, and is
 * therefore left outside of them: the library that calls libc, and the core in Go.
 */
public final class AndroidRunner extends RobolectricTestRunner {
  public AndroidRunner(Class<?> test) throws InitializationError {
    super(test);
  }

  @Override
  protected InstrumentationConfiguration createClassLoaderConfig(FrameworkMethod method) {
    return new InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method))
        .doNotAcquirePackage("com.sun.jna.")
        .doNotAcquireClass("org.offlineauth.testing.Libc")
        .doNotAcquirePackage("org.offlineauth.mobile.")
        .doNotAcquirePackage("go.")
        .build();
  }
}
