package org.offlineauth.client;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** An ID token (OpenID Connect Core section 2), signed by ES256 or EdDSA. */
final class IdToken {
  private static final long SKEW = 120; // seconds, between the issuer's clock and ours

  private final JSONObject header;
  private final JSONObject claims;

  /** Checks the signature by the issuer's keys (RFC 7517). */
  IdToken(String encoded, JSONObject keys) throws IdTokenException {
    try {
      String[] parts = encoded.split("\\.", -1);
      if (parts.length != 3) {
        throw new IdTokenException("it is no signed JWT");
      }
      header = new JSONObject(new String(Base64Url.decode(parts[0]), StandardCharsets.UTF_8));
      claims = new JSONObject(new String(Base64Url.decode(parts[1]), StandardCharsets.UTF_8));
      String type = header.optString("typ");
      if (!type.isEmpty() && !type.equalsIgnoreCase("JWT") || header.has("crit")) {
        throw new IdTokenException("it is another kind of token");
      }
      byte[] signed = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
      if (!isSigned(signed, Base64Url.decode(parts[2]), key(keys))) {
        throw new IdTokenException("its signature is not the issuer's");
      }
    } catch (JSONException | IllegalArgumentException | GeneralSecurityException e) {
      throw new IdTokenException("it cannot be verified: " + e.getMessage());
    }
  }

  private JSONObject key(JSONObject keys) throws JSONException, IdTokenException {
    JSONArray all = keys.getJSONArray("keys");
    for (int i = 0; i < all.length(); i++) {
      JSONObject key = all.getJSONObject(i);
      if (key.optString("kid").equals(header.optString("kid")) && !key.optString("use").equals("enc")) {
        return key;
      }
    }
    throw new IdTokenException("it is signed by a key that the issuer does not publish");
  }

  private boolean isSigned(byte[] signed, byte[] signature, JSONObject key) throws GeneralSecurityException, IdTokenException {
    String kind = header.optString("alg") + " " + key.optString("kty") + " " + key.optString("crv");
    Signature verifier;
    switch (kind) {
      case "ES256 EC P-256":
        verifier = Signature.getInstance("SHA256withECDSA");
        verifier.initVerify(ecKey(key));
        signature = der(signature);
        break;
      case "EdDSA OKP Ed25519": // Android 13 and newer
        verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(edKey(key));
        break;
      default:
        throw new IdTokenException("it is signed in a way that is not accepted: " + kind);
    }
    verifier.update(signed);
    return verifier.verify(signature);
  }

  private static PublicKey ecKey(JSONObject key) throws GeneralSecurityException {
    AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
    curve.init(new ECGenParameterSpec("secp256r1"));
    ECPoint point =
        new ECPoint(new BigInteger(1, Base64Url.decode(key.optString("x"))), new BigInteger(1, Base64Url.decode(key.optString("y"))));
    return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, curve.getParameterSpec(ECParameterSpec.class)));
  }

  private static PublicKey edKey(JSONObject key) throws GeneralSecurityException {
    byte[] prefix = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00}; // RFC 8410 section 4
    byte[] x = Base64Url.decode(key.optString("x"));
    byte[] encoded = Arrays.copyOf(prefix, prefix.length + x.length);
    System.arraycopy(x, 0, encoded, prefix.length, x.length);
    return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
  }

  /** The two numbers of RFC 7518 section 3.4 as the sequence that Java wants. */
  private static byte[] der(byte[] signature) throws IdTokenException {
    if (signature.length != 64) {
      throw new IdTokenException("its signature has a wrong length");
    }
    byte[] r = new BigInteger(1, Arrays.copyOf(signature, 32)).toByteArray();
    byte[] s = new BigInteger(1, Arrays.copyOfRange(signature, 32, 64)).toByteArray();
    ByteArrayOutputStream der = new ByteArrayOutputStream();
    der.write(0x30);
    der.write(4 + r.length + s.length);
    for (byte[] number : new byte[][] {r, s}) {
      der.write(2);
      der.write(number.length);
      der.write(number, 0, number.length);
    }
    return der.toByteArray();
  }

  /** Holds the claims against the request (OpenID Connect Core section 3.1.3.7). now is in seconds. */
  void check(String issuer, String clientId, String nonce, String accessToken, long now) throws IdTokenException {
    if (!issuer.equals(claims.optString("iss"))) {
      throw new IdTokenException("iss is not the issuer");
    }
    Object audience = claims.opt("aud");
    JSONArray several = audience instanceof JSONArray ? (JSONArray) audience : new JSONArray().put(audience);
    boolean ours = false;
    for (int i = 0; i < several.length(); i++) {
      ours |= clientId.equals(several.opt(i));
    }
    String authorized = claims.optString("azp");
    if (!ours || several.length() > 1 && authorized.isEmpty() || !authorized.isEmpty() && !authorized.equals(clientId)) {
      throw new IdTokenException("aud is not this client");
    }
    if (claims.optString("sub").isEmpty()) {
      throw new IdTokenException("sub is missing");
    }
    if (claims.optLong("exp") <= 0 || now - SKEW > claims.optLong("exp")) {
      throw new IdTokenException("exp has passed");
    }
    if (!isEqual(nonce, claims.optString("nonce"))) {
      throw new IdTokenException("nonce is not that of the request");
    }
    String hash = claims.optString("at_hash");
    if (!hash.isEmpty() && !isEqual(hash, hash(accessToken))) {
      throw new IdTokenException("at_hash is not that of the access token");
    }
  }

  /** The left half of the hash that the algorithm uses (OpenID Connect Core section 3.1.3.6). */
  private String hash(String accessToken) throws IdTokenException {
    String digest = header.optString("alg").equals("EdDSA") ? "SHA-512" : "SHA-256";
    try {
      byte[] sum = MessageDigest.getInstance(digest).digest(accessToken.getBytes(StandardCharsets.US_ASCII));
      return Base64Url.encode(Arrays.copyOf(sum, sum.length / 2));
    } catch (GeneralSecurityException e) {
      throw new IdTokenException("there is no " + digest);
    }
  }

  static boolean isEqual(String a, String b) {
    return MessageDigest.isEqual(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  }
}
