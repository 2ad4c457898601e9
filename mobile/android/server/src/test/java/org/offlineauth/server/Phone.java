package org.offlineauth.server;

import static org.robolectric.Shadows.shadowOf;

import android.app.Application;
import android.content.ComponentName;
import android.content.Intent;
import android.content.IntentFilter;
import android.content.pm.ActivityInfo;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageInfo;
import android.content.pm.Signature;
import android.content.pm.SigningInfo;
import android.os.Build;
import android.os.Looper;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.shadow.api.Shadow;
import org.robolectric.shadows.ShadowPackageManager;
import org.robolectric.shadows.ShadowSigningInfo;

/** The apps of a device. */
final class Phone {
  static final String MATHS = "com.example.maths";
  static final int MATHS_UID = 10012;
  static final String THIEF = "com.example.thief";
  static final int THIEF_UID = 10013;

  private Phone() {}

  static Application application() {
    return RuntimeEnvironment.getApplication();
  }

  static ShadowPackageManager packages() {
    return shadowOf(application().getPackageManager());
  }

  /** Installs an app, signed by the last of the certificates, with a lineage of the others. */
  static PackageInfo install(String name, int uid, String... certificates) throws Exception {
    PackageInfo info = new PackageInfo();
    info.packageName = name;
    info.applicationInfo = new ApplicationInfo();
    info.applicationInfo.packageName = name;
    info.applicationInfo.uid = uid;
    sign(info, signatures(certificates));
    packages().installPackage(info);
    packages().setPackagesForUid(uid, name);
    return info;
  }

  static Signature[] signatures(String... certificates) {
    return Arrays.stream(certificates)
        .map(c -> new Signature(c.getBytes(StandardCharsets.UTF_8)))
        .toArray(Signature[]::new);
  }

  @SuppressWarnings("deprecation")
  private static void sign(PackageInfo info, Signature[] lineage) {
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) {
      info.signatures = new Signature[] {lineage[0]}; // the system kept to the oldest one
      return;
    }
    info.signingInfo = Shadow.newInstanceOf(SigningInfo.class);
    ShadowSigningInfo shadow = Shadow.extract(info.signingInfo);
    shadow.setSignatures(new Signature[] {lineage[lineage.length - 1]});
    if (lineage.length > 1) {
      shadow.setPastSigningCertificates(lineage);
    }
  }

  @SuppressWarnings("deprecation")
  static void severalSigners(PackageInfo info, String... certificates) {
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) {
      info.signatures = signatures(certificates);
      return;
    }
    ShadowSigningInfo shadow = Shadow.extract(info.signingInfo);
    shadow.setSignatures(signatures(certificates));
  }

  /** Has an app receive links of a scheme and host. */
  static void claims(String name, String scheme, String host) throws Exception {
    ComponentName activity = new ComponentName(name, name + ".Done");
    ActivityInfo info = packages().addActivityIfNotPresent(activity);
    info.exported = true;
    packages().addOrUpdateActivity(info);
    IntentFilter filter = new IntentFilter(Intent.ACTION_VIEW);
    filter.addCategory(Intent.CATEGORY_DEFAULT);
    filter.addCategory(Intent.CATEGORY_BROWSABLE);
    filter.addDataScheme(scheme);
    if (host != null) {
      filter.addDataAuthority(host, null);
    }
    packages().addIntentFilterForActivity(activity, filter);
  }

  static String identity(String name, String certificate) throws Exception {
    StringBuilder hex = new StringBuilder("android:" + name + "#");
    for (byte b : MessageDigest.getInstance("SHA-256").digest(certificate.getBytes(StandardCharsets.UTF_8))) {
      hex.append(String.format("%02x", b));
    }
    return hex.toString();
  }

  /** What becomes of something that other threads work on; an error after half a minute. */
  static <T> T eventually(String what, Callable<T> look) throws Exception {
    long end = System.nanoTime() + 30_000_000_000L;
    while (System.nanoTime() < end) {
      shadowOf(Looper.getMainLooper()).idle();
      T found = look.call();
      if (found != null && !Boolean.FALSE.equals(found)) {
        return found;
      }
      Thread.sleep(5);
    }
    throw new AssertionError(what + " did not happen");
  }
}
