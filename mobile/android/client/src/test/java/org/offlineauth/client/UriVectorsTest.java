package org.offlineauth.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;

final class UriVectorsTest {
  @Test
  void services() throws Exception {
    for (JSONObject vector : Vectors.of(Vectors.file("services.json"), "services")) {
      String value = vector.getString("value");
      if (vector.has("refused")) {
        assertThrows(IllegalArgumentException.class, () -> ServiceAddress.parse(value), value);
        continue;
      }
      List<ServiceAddress> service = ServiceAddress.parse(value);
      StringBuilder canonical = new StringBuilder();
      for (ServiceAddress address : service) {
        canonical.append(canonical.length() == 0 ? "" : ",").append(address);
      }
      assertEquals(vector.getString("canonical"), canonical.toString());
      JSONArray accepted = vector.getJSONArray("accepted");
      assertEquals(accepted.length(), service.size(), value);
      for (int i = 0; i < accepted.length(); i++) {
        JSONObject wanted = accepted.getJSONObject(i);
        ServiceAddress address = service.get(i);
        assertEquals(wanted.getString("scheme"), address.scheme, value);
        assertEquals(wanted.optString("name") + wanted.optString("path"), address.name, value);
        assertEquals(wanted.optString("object"), address.object, value);
        assertEquals(wanted.optString("action"), address.action, value);
        assertEquals(wanted.optString("bus") + wanted.optString("team"), address.parameter, value);
      }
    }
  }

  @Test
  void issuers() throws Exception {
    for (JSONObject vector : Vectors.of(Vectors.file("links.json"), "issuers")) {
      JSONObject error = vector.optJSONObject("error");
      if (error == null) {
        assertEquals(vector.getString("endpoint"), new Issuer(vector.getString("issuer")).endpoint());
      } else if (error.getString("parameter").equals("issuer")) {
        assertThrows(InvalidUriException.class, () -> new Issuer(vector.getString("issuer")), vector.toString());
      }
    }
  }

  /** What a link is read as, its writer must have meant: each accepted one is written again and read the same. */
  @Test
  void links() throws Exception {
    int read = 0;
    for (JSONObject endpoint : Vectors.of(Vectors.file("links.json"), "endpoints")) {
      for (JSONObject vector : Vectors.of(endpoint, "links")) {
        JSONObject request = vector.optJSONObject("request");
        if (request == null) {
          continue;
        }
        read++;
        Map<String, List<String>> parameters = StrictUri.parse("link", vector.getString("link"), 8 << 10).parameters("link");
        for (Iterator<String> names = request.keys(); names.hasNext(); ) {
          String name = names.next();
          if (!(request.get(name) instanceof JSONArray)) {
            String value = request.get(name).toString();
            assertEquals(value, parameters.get(name).get(0), vector.toString());
            assertEquals(value, StrictUri.parameters("link", name + "=" + StrictUri.encode(value)).get(name).get(0));
          }
        }
      }
    }
    assertTrue(read > 10, "only " + read + " links");
  }

  @Test
  void redirectUris() throws Exception {
    for (JSONObject vector : Vectors.of(Vectors.file("redirects.json"), "parse")) {
      if (vector.has("error")) {
        assertThrows(InvalidUriException.class, () -> new RedirectUri(vector.getString("uri")), vector.toString());
      } else {
        assertEquals(vector.getString("kind"), new RedirectUri(vector.getString("uri")).kind, vector.toString());
      }
    }
  }

  @Test
  void redirects() throws Exception {
    for (JSONObject vector : Vectors.of(Vectors.file("redirects.json"), "read")) {
      JSONObject error = vector.optJSONObject("error");
      String uri = vector.getString("redirect_uri");
      String received = vector.getString("received");
      if (error != null) {
        InvalidUriException e =
            assertThrows(InvalidUriException.class, () -> AuthorizationResponse.read(new RedirectUri(uri), received), vector.toString());
        assertEquals(error.getString("parameter"), e.parameter(), vector.toString());
        continue;
      }
      JSONObject wanted = vector.getJSONObject("response");
      AuthorizationResponse response = AuthorizationResponse.read(new RedirectUri(uri), received);
      assertEquals(wanted.optString("code"), response.code, vector.toString());
      assertEquals(wanted.has("state") ? wanted.getString("state") : null, response.state, vector.toString());
      assertEquals(wanted.optString("iss"), response.issuer, vector.toString());
      assertEquals(wanted.optString("ipc-service"), response.service, vector.toString());
      assertEquals(wanted.optString("error"), response.error, vector.toString());
      assertEquals(wanted.optString("error_description"), response.errorDescription, vector.toString());
      assertEquals(wanted.optString("error_uri"), response.errorUri, vector.toString());
    }
  }

  @Test
  void otherOrigins() throws Exception {
    Issuer issuer = new Issuer("https://auth.example:8443/t/1");
    assertTrue(issuer.isOriginOf(okhttp3.HttpUrl.get("https://AUTH.example:8443/xapi/statements")));
    for (String other : new String[] {"https://auth.example/t/1", "http://auth.example:8443/t/1", "https://auth.example.evil.example:8443/"}) {
      assertFalse(issuer.isOriginOf(okhttp3.HttpUrl.get(other)), other);
    }
    assertEquals("https://auth.example:8443/.well-known/oauth-authorization-server/t/1", issuer.metadata().toString());
  }
}
