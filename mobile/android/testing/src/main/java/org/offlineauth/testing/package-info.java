/**
 * What Robolectric leaves to the imagination and the tests need for real: descriptors that are sockets
 * of the kernel. Run a test with {@link org.offlineauth.testing.AndroidRunner}.
 */
package org.offlineauth.testing;
