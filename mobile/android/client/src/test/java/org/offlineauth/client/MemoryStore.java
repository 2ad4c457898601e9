package org.offlineauth.client;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

final class MemoryStore implements Store {
  private final Map<String, String> all = new ConcurrentHashMap<>();

  @Override
  public String load(String key) {
    return all.get(key);
  }

  @Override
  public void save(String key, String value) {
    all.put(key, value);
  }

  @Override
  public void delete(String key) {
    all.remove(key);
  }
}
