import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import org.offlineauth.mobile.Bytes;
import org.offlineauth.mobile.Keystore;

/** As the Keystore of Android does it, with a key in memory. */
final class AesKeystore implements Keystore {
  private static final int NONCE = 12;

  private final SecretKey key;

  AesKeystore() throws GeneralSecurityException {
    key = KeyGenerator.getInstance("AES").generateKey();
  }

  @Override
  public Bytes seal(byte[] plain) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(Cipher.ENCRYPT_MODE, key);
    byte[] nonce = cipher.getIV();
    byte[] sealed = Arrays.copyOf(nonce, NONCE + cipher.getOutputSize(plain.length));
    cipher.doFinal(plain, 0, plain.length, sealed, NONCE);
    return new Bytes(sealed);
  }

  @Override
  public Bytes unseal(byte[] sealed) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, sealed, 0, NONCE));
    try {
      return new Bytes(cipher.doFinal(sealed, NONCE, sealed.length - NONCE));
    } catch (AEADBadTagException altered) {
      return null;
    }
  }
}
