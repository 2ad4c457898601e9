package org.offlineauth.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;

/** What comes from outside, altered: it is read, or refused with the exception that is meant for it. The inputs are the same in each run. */
final class MutationTest {
  private static final int INPUTS = 20_000;
  private static final String SPLICES = "\r\n:;%,=&?#/ \t\0@[]0+-";

  private final Random random = new Random(1);

  private static List<String> seeds(String file, String part, String member) throws Exception {
    List<String> seeds = new ArrayList<>();
    for (JSONObject vector : Vectors.of(Vectors.file(file), part)) {
      seeds.add(vector.getString(member));
    }
    return seeds;
  }

  private String mutated(List<String> seeds) {
    StringBuilder s = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(s.length() + 1);
      int end = Math.min(s.length(), at + random.nextInt(4));
      switch (random.nextInt(3)) {
        case 0:
          s.delete(at, end);
          break;
        case 1:
          s.insert(at, SPLICES.charAt(random.nextInt(SPLICES.length())));
          break;
        default:
          s.insert(at, s.substring(at, end));
      }
    }
    return s.toString();
  }

  @Test
  void messages() throws Exception {
    List<String> seeds = seeds("messages.json", "received", "message");
    Request request = new Request.Builder().url("https://a.example/").build();
    int read = 0;
    for (int i = 0; i < INPUTS; i++) {
      String message = mutated(seeds).replaceFirst("^(?:GET|POST|PUT|HEAD) \\S+ HTTP/1.1", "HTTP/1.1 200 OK");
      try {
        Response response = Messages.read(message.getBytes(StandardCharsets.UTF_8), request);
        assertTrue(response.code() >= 200);
        assertEquals(response.header("Content-Length"), response.code() == 204 || response.code() == 304 ? null : String.valueOf(response.body().bytes().length));
        read++;
      } catch (MessageException e) {
        assertTrue(e.reason().matches("[a-z-]+"), e.reason());
      }
    }
    assertTrue(read > INPUTS / 100, "only " + read + " could be read");
  }

  @Test
  void services() throws Exception {
    List<String> seeds = seeds("services.json", "services", "value");
    int read = 0;
    for (int i = 0; i < INPUTS; i++) {
      try {
        for (ServiceAddress address : ServiceAddress.parse(mutated(seeds))) {
          assertEquals(address.toString(), ServiceAddress.parse(address.toString()).get(0).toString());
          read++;
        }
      } catch (IllegalArgumentException e) {
        // refused
      }
    }
    assertTrue(read > INPUTS / 100, "only " + read + " could be read");
  }

  @Test
  void redirects() throws Exception {
    RedirectUri expected = new RedirectUri("com.example.maths:/done");
    List<String> seeds = new ArrayList<>();
    seeds.add("com.example.maths:/done?code=c&state=s&iss=https%3A%2F%2Fauth.example&ipc-service=com.example.auth");
    seeds.add("com.example.maths:/done?error=access_denied&error_description=no&state=&iss=https%3A%2F%2Fauth.example");
    seeds.addAll(seeds("redirects.json", "read", "received"));
    int read = 0;
    for (int i = 0; i < INPUTS; i++) {
      try {
        AuthorizationResponse response = AuthorizationResponse.read(expected, mutated(seeds));
        assertTrue(response.code.isEmpty() != response.error.isEmpty());
        read++;
      } catch (InvalidUriException e) {
        assertTrue(!e.parameter().isEmpty());
      }
    }
    assertTrue(read > INPUTS / 100, "only " + read + " could be read");
  }
}
