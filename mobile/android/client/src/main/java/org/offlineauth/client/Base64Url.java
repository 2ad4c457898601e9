package org.offlineauth.client;

import okio.ByteString;

/** base64url without padding (RFC 4648 section 5). java.util.Base64 is not in Android 7. */
final class Base64Url {
  private Base64Url() {}

  static String encode(byte[] bytes) {
    return ByteString.of(bytes, 0, bytes.length).base64Url().replace("=", "");
  }

  /** An IllegalArgumentException if it is none. */
  static byte[] decode(String encoded) {
    ByteString decoded = encoded.matches("[A-Za-z0-9_-]*") ? ByteString.decodeBase64(encoded) : null;
    if (decoded == null) {
      throw new IllegalArgumentException("not base64url");
    }
    return decoded.toByteArray();
  }
}
