package org.offlineauth.server;

import android.content.Context;
import android.content.pm.PackageInfo;
import android.content.pm.PackageManager;
import android.content.pm.Signature;
import android.content.pm.SigningInfo;
import android.os.Build;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.offlineauth.mobile.Caller;

/**
 * Says which app a uid is, by the word of the package manager: its package, and the SHA-256 of its
 * signing certificate. An app that was signed anew and has proved it (by the lineage of scheme v3) is
 * known by its older certificates, too.
 */
final class Attestor {
  private static final String SCHEME = "android:";

  private final PackageManager packages;

  Attestor(Context context) {
    packages = context.getPackageManager();
  }

  /**
   * Names a caller.
   *
   * @throws SecurityException if no single app can be told: it is not served
   */
  Caller attest(int uid, int pid) {
    Caller caller = new Caller();
    caller.setUID(uid);
    caller.setPID(pid);
    caller.setIdentity(identities(packageOf(uid)));
    return caller;
  }

  private String packageOf(int uid) {
    String[] all = packages.getPackagesForUid(uid);
    if (all == null || all.length == 0) {
      throw new SecurityException("no package has the uid " + uid);
    }
    if (all.length > 1) {
      throw new SecurityException("several packages share the uid " + uid);
    }
    return all[0];
  }

  /** All identities of a package, the present one first, separated by spaces. */
  String identities(String name) {
    StringBuilder all = new StringBuilder();
    for (String digest : digests(name)) {
      all.append(all.length() == 0 ? "" : " ").append(SCHEME).append(name).append('#').append(digest);
    }
    return all.toString();
  }

  /**
   * The package of an identity, which is installed and signed as the identity says at this moment.
   *
   * @throws SecurityException if it is not
   */
  String verified(String identity) {
    int end = identity.indexOf('#');
    if (!identity.startsWith(SCHEME) || end < 0) {
      throw new SecurityException(identity + " is no app of this system");
    }
    String name = identity.substring(SCHEME.length(), end);
    if (!digests(name).contains(identity.substring(end + 1))) {
      throw new SecurityException(name + " is signed by somebody else");
    }
    return name;
  }

  private List<String> digests(String name) {
    List<String> digests = new ArrayList<>();
    for (Signature certificate : certificates(name)) {
      digests.add(digest(certificate.toByteArray()));
    }
    return digests;
  }

  /** The signing certificates of a package, the present one first. */
  private List<Signature> certificates(String name) {
    List<Signature> all = new ArrayList<>();
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
      SigningInfo signed = info(name, PackageManager.GET_SIGNING_CERTIFICATES).signingInfo;
      if (signed != null && !signed.hasMultipleSigners()) {
        Collections.addAll(all, signed.getSigningCertificateHistory());
        Collections.reverse(all); // the system has the oldest first
      }
    } else {
      Collections.addAll(all, signatures(name));
      if (all.size() > 1) {
        all.clear();
      }
    }
    if (all.isEmpty()) {
      throw new SecurityException(name + " is not signed by one certificate");
    }
    return all;
  }

  /** Before Android 9. All of them are looked at: one alone could be another's. */
  @SuppressWarnings("deprecation")
  private Signature[] signatures(String name) {
    Signature[] all = info(name, PackageManager.GET_SIGNATURES).signatures;
    return all == null ? new Signature[0] : all;
  }

  @SuppressWarnings("deprecation")
  private PackageInfo info(String name, int flags) {
    try {
      PackageInfo info = packages.getPackageInfo(name, flags);
      if (info.sharedUserId != null) {
        throw new SecurityException(name + " shares its uid with others");
      }
      return info;
    } catch (PackageManager.NameNotFoundException gone) {
      throw new SecurityException(name + " is not installed");
    }
  }

  private static String digest(byte[] certificate) {
    try {
      StringBuilder hex = new StringBuilder();
      for (byte b : MessageDigest.getInstance("SHA-256").digest(certificate)) {
        hex.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
      }
      return hex.toString();
    } catch (NoSuchAlgorithmException never) {
      throw new IllegalStateException(never);
    }
  }
}
