package org.offlineauth.server;

import android.security.keystore.KeyGenParameterSpec;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.Key;
import java.security.KeyStoreSpi;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.spec.AlgorithmParameterSpec;
import java.util.Collections;
import java.util.Date;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.KeyGeneratorSpi;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/** Stands in for the Keystore of a device: Robolectric has none. Keys are kept in memory. */
final class FakeKeystore extends Provider {
  private static final String NAME = "AndroidKeyStore";

  final Map<String, Key> keys = new HashMap<>();
  KeyGenParameterSpec last; // what the last key was made for

  @SuppressWarnings("deprecation") // the constructor that came after it is not in Java 8
  private FakeKeystore() {
    super(NAME, 1, "keys in memory");
    putService(service("KeyStore", NAME, () -> new Store(this)));
    putService(service("KeyGenerator", "AES", () -> new Generator(this)));
  }

  static FakeKeystore install() {
    Security.removeProvider(NAME);
    FakeKeystore made = new FakeKeystore();
    Security.addProvider(made);
    return made;
  }

  private interface Maker {
    Object make();
  }

  private Service service(String type, String algorithm, Maker maker) {
    return new Service(this, type, algorithm, "", null, null) {
      @Override
      public Object newInstance(Object parameter) {
        return maker.make();
      }
    };
  }

  private static final class Generator extends KeyGeneratorSpi {
    private final FakeKeystore keystore;

    Generator(FakeKeystore keystore) {
      this.keystore = keystore;
    }

    @Override
    protected void engineInit(AlgorithmParameterSpec parameters, SecureRandom random) {
      keystore.last = (KeyGenParameterSpec) parameters;
    }

    @Override
    protected void engineInit(SecureRandom random) {
      throw new UnsupportedOperationException();
    }

    @Override
    protected void engineInit(int size, SecureRandom random) {
      throw new UnsupportedOperationException();
    }

    @Override
    protected SecretKey engineGenerateKey() {
      byte[] bytes = new byte[keystore.last.getKeySize() / 8];
      new SecureRandom().nextBytes(bytes);
      SecretKey key = new SecretKeySpec(bytes, "AES");
      keystore.keys.put(keystore.last.getKeystoreAlias(), key);
      return key;
    }
  }

  private static final class Store extends KeyStoreSpi {
    private final FakeKeystore keystore;

    Store(FakeKeystore keystore) {
      this.keystore = keystore;
    }

    @Override
    public Key engineGetKey(String alias, char[] password) {
      return keystore.keys.get(alias);
    }

    @Override
    public void engineDeleteEntry(String alias) {
      keystore.keys.remove(alias);
    }

    @Override
    public void engineLoad(InputStream stream, char[] password) {}

    @Override
    public Enumeration<String> engineAliases() {
      return Collections.enumeration(keystore.keys.keySet());
    }

    @Override
    public boolean engineContainsAlias(String alias) {
      return keystore.keys.containsKey(alias);
    }

    @Override
    public int engineSize() {
      return keystore.keys.size();
    }

    @Override
    public boolean engineIsKeyEntry(String alias) {
      return engineContainsAlias(alias);
    }

    @Override
    public Certificate[] engineGetCertificateChain(String alias) {
      return null;
    }

    @Override
    public Certificate engineGetCertificate(String alias) {
      return null;
    }

    @Override
    public Date engineGetCreationDate(String alias) {
      return null;
    }

    @Override
    public void engineSetKeyEntry(String alias, Key key, char[] password, Certificate[] chain) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void engineSetKeyEntry(String alias, byte[] key, Certificate[] chain) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void engineSetCertificateEntry(String alias, Certificate certificate) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean engineIsCertificateEntry(String alias) {
      return false;
    }

    @Override
    public String engineGetCertificateAlias(Certificate certificate) {
      return null;
    }

    @Override
    public void engineStore(OutputStream stream, char[] password) {
      throw new UnsupportedOperationException();
    }
  }
}
