package org.offlineauth.client;

import java.io.IOException;
import okhttp3.FormBody;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.json.JSONException;
import org.json.JSONObject;

/** Posts forms to the authorization server. */
final class Endpoints {
  private Endpoints() {}

  /** The object that is answered with a status; any other answer is an OAuthException. */
  static JSONObject post(Route route, HttpUrl url, FormBody form, int status) throws IOException {
    Request request = new Request.Builder().url(url).header("Accept", "application/json").post(form).build();
    try (Response response = route.exchange(request)) {
      JSONObject answer = object(Metadata.text(response));
      if (response.code() != status) {
        throw new OAuthException(response.code(), answer.optString("error"), answer.optString("error_description"));
      }
      return answer;
    }
  }

  /** What is no object of JSON is as an empty one: a revocation is answered by nothing. */
  private static JSONObject object(String text) {
    try {
      return new JSONObject(text);
    } catch (JSONException e) {
      return new JSONObject();
    }
  }
}
