package org.offlineauth.client;

/**
 * Keeps what a client must not lose: the login, and logins that wait for a redirect. Whoever reads it is
 * logged in. It is called from any thread, and one at a time for each client.
 */
public interface Store {
  /** What was saved under a key, or null. */
  String load(String key);

  /** Saves durably before it returns. */
  void save(String key, String value);

  /** Removes what there is, if anything. */
  void delete(String key);
}
