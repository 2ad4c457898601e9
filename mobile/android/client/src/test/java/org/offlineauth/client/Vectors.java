package org.offlineauth.client;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;

/** The cases of docs/vectors, which the tests in Go read as well. */
final class Vectors {
  private Vectors() {}

  static JSONObject file(String name) throws Exception {
    Path path = Paths.get(System.getProperty("vectors"), name);
    return new JSONObject(new String(Files.readAllBytes(path), StandardCharsets.UTF_8));
  }

  static List<JSONObject> of(JSONObject file, String part) throws Exception {
    JSONArray array = file.getJSONArray(part);
    List<JSONObject> all = new ArrayList<>();
    for (int i = 0; i < array.length(); i++) {
      all.add(array.getJSONObject(i));
    }
    assertFalse(all.isEmpty());
    return all;
  }
}
