package org.offlineauth.e2e;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.offlineauth.client.Store;

/** What an app has stored, which another may have got hold of. */
final class MapStore implements Store {
  private final Map<String, String> all = new ConcurrentHashMap<>();

  MapStore copy() {
    MapStore copy = new MapStore();
    copy.all.putAll(all);
    return copy;
  }

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
