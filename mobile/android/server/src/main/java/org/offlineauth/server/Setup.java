package org.offlineauth.server;

import java.util.ArrayList;
import java.util.List;
import org.offlineauth.mobile.Keystore;

/** What an authorization app serves. The issuer is all that it must say. */
public final class Setup {
  final String issuer;
  final List<String[]> apis = new ArrayList<>();
  String customScheme = "";
  boolean records;
  long memoryLimit;
  ApiHandler answers;
  Keystore keystore;

  /**
   * Serves an issuer.
   *
   * @param issuer issuer identifier (RFC 8414 section 2), an https URL
   */
  public Setup(String issuer) {
    this.issuer = issuer;
  }

  /** Takes links of a private-use scheme too, which works on a phone that has never been online. */
  public Setup customScheme(String scheme) {
    customScheme = scheme;
    return this;
  }

  /** Keeps learning records (xAPI) at {@code /xapi}. */
  public Setup learningRecords() {
    records = true;
    return this;
  }

  /** Keeps the Go side below a number of bytes, for small devices. */
  public Setup memoryLimit(long bytes) {
    memoryLimit = bytes;
    return this;
  }

  /**
   * Serves a REST API of the app below the issuer: what comes to a path with a token of that scope
   * goes to the handler of {@link #answers}.
   *
   * @param path below the issuer, such as {@code /notes/}
   * @param description a sentence for the person who decides: "Read your notes"
   */
  public Setup api(String path, String scope, String description) {
    apis.add(new String[] {path, scope, description});
    return this;
  }

  /** Answers the requests that come to the APIs. */
  public Setup answers(ApiHandler handler) {
    answers = handler;
    return this;
  }

  /** Keeps the key of the app's files elsewhere than in the Keystore of the device. */
  public Setup keystore(Keystore k) {
    keystore = k;
    return this;
  }
}
