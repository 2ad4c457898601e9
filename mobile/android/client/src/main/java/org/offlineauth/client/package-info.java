/**
 * Logs an app in with an authorization app of the device, or over the network if there is none, and
 * gives it an ordinary OkHttpClient for the API behind the login.
 *
 * <p>Make one {@link org.offlineauth.client.Client} for each issuer. Its {@code start} makes what is
 * launched; the intent that comes back goes to {@code finish}. Everything but the making of objects
 * waits for other processes: call it from a thread of your own. On the main thread it throws an
 * IllegalStateException.
 *
 * <p>The URLs are the issuer's https URLs in every case. Only the way differs, and a login stays on the
 * way on which it was made. Beware of the {@code ipc-service} of a redirect: any app may have sent it.
 * A service is used only if its package is one of {@link org.offlineauth.client.Pin}s, signed with its
 * certificate, and nothing is sent to any other.
 */
package org.offlineauth.client;
