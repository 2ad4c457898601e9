package org.offlineauth.server;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.content.pm.PackageManager;
import android.os.Build;
import java.io.File;
import java.nio.charset.StandardCharsets;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.offlineauth.testing.AndroidRunner;
import org.robolectric.annotation.Config;

@RunWith(AndroidRunner.class)
@Config(application = TestApp.class)
public final class DeviceKeystoreTest {
  private static final byte[] SECRET = "32 bytes that open everything...".getBytes(StandardCharsets.UTF_8);

  private FakeKeystore device;

  @Before
  public void install() {
    device = FakeKeystore.install();
  }

  @Test
  public void opensWhatItSealed() throws Exception {
    DeviceKeystore keystore = new DeviceKeystore(Phone.application());
    byte[] sealed = keystore.seal(SECRET).get();
    assertArrayEquals(SECRET, keystore.unseal(sealed).get());
    assertArrayEquals(SECRET, new DeviceKeystore(Phone.application()).unseal(sealed).get());
    assertEquals(256, device.last.getKeySize());
    assertFalse(device.last.isUserAuthenticationRequired());
    assertTrue(device.last.isRandomizedEncryptionRequired());
    assertEquals(1, device.keys.size());
  }

  @Test
  public void usesTheStrongBoxWhereThereIsOne() throws Exception {
    Phone.packages().setSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE, true);
    new DeviceKeystore(Phone.application()).seal(SECRET);
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
      assertTrue(device.last.isStrongBoxBacked());
    }
  }

  @Test
  public void saysThatNothingCanBeOpened() throws Exception {
    DeviceKeystore keystore = new DeviceKeystore(Phone.application());
    byte[] sealed = keystore.seal(SECRET).get();
    sealed[20] ^= 1;
    assertNull(keystore.unseal(sealed));
    assertTrue(keystore.lost());
    sealed[20] ^= 1;
    assertArrayEquals(SECRET, keystore.unseal(sealed).get());
    assertFalse(keystore.lost());
    assertNull(keystore.unseal(new byte[3]));
    device.keys.clear();
    assertNull(keystore.unseal(sealed));
    assertTrue("and no key is made for it", device.keys.isEmpty());
  }

  /** The files of an app whose key is gone are put aside, and only by somebody's word. */
  @Test
  public void aLostKeyIsSaidAndThenReplaced() throws Exception {
    AuthorizationServer server = AuthorizationServer.of(Phone.application());
    server.app().addAccount("amina", "Amina");
    server.close();
    device.keys.clear();
    assertThrows(KeyLostException.class, server::app);
    assertThrows(KeyLostException.class, server::app);
    server.startAnew();
    assertEquals("[]", server.app().accounts().get());
    server.close();
    File[] aside = Phone.application().getNoBackupFilesDir().listFiles((dir, name) -> name.startsWith("offlineauth.aside-"));
    assertEquals(1, aside.length);
    assertTrue(new File(aside[0], "offlineauth.db").length() > 0);
  }
}
