package org.offlineauth.client;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;

/** An app that belongs to the issuer, by what the maker of the client knows. */
public final class Pin {
  private final String packageName;
  private final Set<String> certificates;

  /**
   * @param packageName of the authorization app
   * @param certificates the SHA-256 of each certificate it may be signed with, in 64 hexadecimal digits, with
   *     or without colons
   */
  public Pin(String packageName, String... certificates) {
    if (!ServiceAddress.parse(packageName).get(0).toString().equals(packageName) || packageName.indexOf(':') >= 0) {
      throw new IllegalArgumentException("not the name of a package: " + packageName);
    }
    Set<String> all = new LinkedHashSet<>();
    for (String certificate : certificates) {
      String digest = certificate.replace(":", "").toLowerCase(Locale.ROOT);
      if (!digest.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException("not the SHA-256 of a certificate: " + certificate);
      }
      all.add(digest);
    }
    if (all.isEmpty()) {
      throw new IllegalArgumentException("a package without a certificate could be anybody's");
    }
    this.packageName = packageName;
    this.certificates = Collections.unmodifiableSet(all);
  }

  public String packageName() {
    return packageName;
  }

  /** In 64 hexadecimal digits each, lower case. */
  public Set<String> certificates() {
    return certificates;
  }
}
