package org.offlineauth.server;

import android.content.Context;
import android.content.pm.PackageManager;
import android.os.Build;
import android.security.keystore.KeyGenParameterSpec;
import android.security.keystore.KeyPermanentlyInvalidatedException;
import android.security.keystore.KeyProperties;
import android.security.keystore.StrongBoxUnavailableException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.UnrecoverableKeyException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import org.offlineauth.mobile.Bytes;
import org.offlineauth.mobile.Keystore;

/**
 * Seals by a key of the device's Keystore, which does not leave it: AES-256-GCM, in the StrongBox
 * where there is one. The key is there whenever the device is unlocked once after it was started; the
 * person need not be asked for it, because the service has to work while nobody looks.
 */
final class DeviceKeystore implements Keystore {
  private static final String PROVIDER = "AndroidKeyStore";
  private static final String ALIAS = "org.offlineauth.server";
  private static final int NONCE = 12;
  private static final int TAG_BITS = 128;

  private final boolean strongBox;
  private volatile boolean lost;

  DeviceKeystore(Context context) {
    strongBox =
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.P
            && context.getPackageManager().hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE);
  }

  @Override
  public synchronized Bytes seal(byte[] plain) throws GeneralSecurityException, IOException {
    SecretKey key = key();
    if (key == null) {
      key = generate();
    }
    Cipher cipher = cipher();
    cipher.init(Cipher.ENCRYPT_MODE, key); // the Keystore chooses the nonce, and takes no other
    byte[] nonce = cipher.getIV();
    byte[] sealed = cipher.doFinal(plain);
    byte[] both = Arrays.copyOf(nonce, NONCE + sealed.length);
    System.arraycopy(sealed, 0, both, NONCE, sealed.length);
    return new Bytes(both);
  }

  @Override
  public synchronized Bytes unseal(byte[] sealed) throws GeneralSecurityException, IOException {
    byte[] plain = open(sealed);
    lost = plain == null;
    return lost ? null : new Bytes(plain);
  }

  /** What was sealed, or null if it cannot be had any more. */
  private byte[] open(byte[] sealed) throws GeneralSecurityException, IOException {
    SecretKey key = key();
    if (key == null || sealed == null || sealed.length < NONCE) {
      return null;
    }
    Cipher cipher = cipher();
    try {
      cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, sealed, 0, NONCE));
      return cipher.doFinal(sealed, NONCE, sealed.length - NONCE);
    } catch (KeyPermanentlyInvalidatedException | AEADBadTagException gone) {
      return null;
    }
  }

  /** Whether what was last unsealed could not be. */
  boolean lost() {
    return lost;
  }

  /** Removes the key, with which nothing can be opened any more. */
  synchronized void forget() throws GeneralSecurityException, IOException {
    keyStore().deleteEntry(ALIAS);
    lost = false;
  }

  private static Cipher cipher() throws GeneralSecurityException {
    return Cipher.getInstance("AES/GCM/NoPadding");
  }

  private static KeyStore keyStore() throws GeneralSecurityException, IOException {
    KeyStore keys = KeyStore.getInstance(PROVIDER);
    keys.load(null);
    return keys;
  }

  /** The key, or null if there is none. */
  private static SecretKey key() throws GeneralSecurityException, IOException {
    try {
      return (SecretKey) keyStore().getKey(ALIAS, null);
    } catch (UnrecoverableKeyException gone) {
      return null;
    }
  }

  private SecretKey generate() throws GeneralSecurityException {
    if (strongBox && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
      try {
        return generate(parameters().setIsStrongBoxBacked(true).build());
      } catch (StrongBoxUnavailableException full) {
        // it has few places; the other hardware takes the key
      }
    }
    return generate(parameters().build());
  }

  private static SecretKey generate(KeyGenParameterSpec parameters) throws GeneralSecurityException {
    KeyGenerator generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER);
    generator.init(parameters);
    return generator.generateKey();
  }

  private static KeyGenParameterSpec.Builder parameters() {
    return new KeyGenParameterSpec.Builder(
            ALIAS, KeyProperties.PURPOSE_ENCRYPT | KeyProperties.PURPOSE_DECRYPT)
        .setKeySize(256)
        .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
        .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE);
  }
}
