package org.offlineauth.client;

import android.content.Context;
import android.content.SharedPreferences;

/** Private preferences of the app, which no other app can read. */
final class PreferencesStore implements Store {
  private final SharedPreferences preferences;

  PreferencesStore(Context context) {
    preferences = context.getApplicationContext().getSharedPreferences("org.offlineauth.client", Context.MODE_PRIVATE);
  }

  @Override
  public String load(String key) {
    return preferences.getString(key, null);
  }

  @Override
  public void save(String key, String value) {
    if (!preferences.edit().putString(key, value).commit()) {
      throw new IllegalStateException("the preferences cannot be written");
    }
  }

  @Override
  public void delete(String key) {
    if (!preferences.edit().remove(key).commit()) {
      throw new IllegalStateException("the preferences cannot be written");
    }
  }
}
