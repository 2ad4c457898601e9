package org.offlineauth.e2e;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.offlineauth.mobile.Bytes;
import org.offlineauth.mobile.Keystore;

/** As the Keystore of a device, with a key in memory. */
final class MemoryKeystore implements Keystore {
  private static final int NONCE = 12;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SecretKeySpec key = new SecretKeySpec(random(32), "AES");

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  private byte[] run(int mode, byte[] nonce, byte[] bytes) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(128, nonce));
    return cipher.doFinal(bytes);
  }

  @Override
  public Bytes seal(byte[] plain) throws Exception {
    byte[] nonce = random(NONCE);
    byte[] sealed = run(Cipher.ENCRYPT_MODE, nonce, plain);
    byte[] all = Arrays.copyOf(nonce, NONCE + sealed.length);
    System.arraycopy(sealed, 0, all, NONCE, sealed.length);
    return new Bytes(all);
  }

  @Override
  public Bytes unseal(byte[] sealed) throws Exception {
    try {
      return new Bytes(run(Cipher.DECRYPT_MODE, Arrays.copyOf(sealed, NONCE), Arrays.copyOfRange(sealed, NONCE, sealed.length)));
    } catch (AEADBadTagException altered) {
      return null;
    }
  }
}
