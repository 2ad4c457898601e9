package org.offlineauth.server;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import android.content.pm.PackageInfo;
import android.os.Build;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.offlineauth.testing.AndroidRunner;

@RunWith(AndroidRunner.class)
public final class AttestorTest {
  private static final String NAME = "com.example.maths";
  private static final int UID = 10012;

  private final Attestor attestor = new Attestor(Phone.application());

  @Test
  public void namesAnAppByItsCertificate() throws Exception {
    Phone.install(NAME, UID, "one");
    assertEquals(Phone.identity(NAME, "one"), attestor.identities(NAME));
    assertEquals(NAME, attestor.verified(Phone.identity(NAME, "one")));
  }

  @Test
  public void refusesAnotherCertificate() throws Exception {
    Phone.install(NAME, UID, "one");
    assertThrows(SecurityException.class, () -> attestor.verified(Phone.identity(NAME, "two")));
    assertThrows(SecurityException.class, () -> attestor.verified(Phone.identity("com.example.gone", "one")));
    for (String none : new String[] {"", "uid:7", NAME, "android:" + NAME, "flatpak:" + NAME + "#00"}) {
      assertThrows(none, SecurityException.class, () -> attestor.verified(none));
    }
  }

  @Test
  public void knowsAnAppBySignersItHad() throws Exception {
    Phone.install(NAME, UID, "old", "middle", "new");
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) {
      assertEquals(Phone.identity(NAME, "old"), attestor.identities(NAME));
      return;
    }
    assertEquals(
        Phone.identity(NAME, "new") + " " + Phone.identity(NAME, "middle") + " " + Phone.identity(NAME, "old"),
        attestor.identities(NAME));
    assertEquals(NAME, attestor.verified(Phone.identity(NAME, "old")));
    assertEquals(NAME, attestor.verified(Phone.identity(NAME, "new")));
  }

  @Test
  public void refusesUidsThatAreNoSingleApp() throws Exception {
    Phone.install(NAME, UID, "one");
    Phone.install("com.example.other", UID, "one");
    Phone.packages().setPackagesForUid(UID, NAME, "com.example.other");
    assertThrows(SecurityException.class, () -> attestor.attest(UID, -1));
    assertThrows(SecurityException.class, () -> attestor.attest(UID + 1, -1));
    Phone.packages().setPackagesForUid(UID, "com.example.gone");
    assertThrows(SecurityException.class, () -> attestor.attest(UID, -1));
  }

  @Test
  @SuppressWarnings("deprecation")
  public void refusesASharedUidAlsoWhileItIsAlone() throws Exception {
    PackageInfo info = Phone.install(NAME, UID, "one");
    info.sharedUserId = "com.example.shared";
    assertThrows(SecurityException.class, () -> attestor.attest(UID, -1));
  }

  @Test
  public void refusesSeveralSigners() throws Exception {
    PackageInfo info = Phone.install(NAME, UID, "one");
    Phone.severalSigners(info, "one", "two");
    assertThrows(SecurityException.class, () -> attestor.attest(UID, -1));
  }
}
