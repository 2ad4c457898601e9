package org.offlineauth.client;

import android.annotation.TargetApi;
import android.content.ComponentName;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageInfo;
import android.content.pm.PackageManager;
import android.content.pm.ResolveInfo;
import android.content.pm.ServiceInfo;
import android.content.pm.Signature;
import android.content.pm.SigningInfo;
import android.os.Build;
import android.os.Looper;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import okio.ByteString;

/** Finds, verifies and binds services by Android's package manager. */
final class AndroidDevice implements Device {
  /** What is bound for the message wire, if the address names no action. */
  static final String MESSAGES = "org.offlineauth.action.HTTP_OVER_IPC";
  /** What is bound for the stream wire. */
  static final String STREAMS = "org.offlineauth.IHttpOverIpc";

  private final Context context;
  private final PackageManager packages;
  private final Map<String, Service> services = new ConcurrentHashMap<>();

  AndroidDevice(Context context) {
    this.context = context.getApplicationContext();
    this.packages = context.getPackageManager();
  }

  @Override
  public void refuseMainThread() {
    if (Looper.getMainLooper().getThread() == Thread.currentThread()) {
      throw new IllegalStateException("this waits for other processes: call it from a thread of your own");
    }
  }

  @Override
  public boolean isInstalled(Pin pin) throws UnverifiedServiceException {
    PackageInfo installed;
    try {
      installed = packages.getPackageInfo(pin.packageName(), signaturesFlag());
    } catch (PackageManager.NameNotFoundException e) {
      return false;
    }
    if (!isSigned(installed, pin)) {
      throw new UnverifiedServiceException(pin.packageName(), "it is not signed with a certificate that is pinned");
    }
    return true;
  }

  @SuppressWarnings("deprecation") // the older flag is the only one before Android 9
  private static int signaturesFlag() {
    return Build.VERSION.SDK_INT >= 28 ? PackageManager.GET_SIGNING_CERTIFICATES : PackageManager.GET_SIGNATURES;
  }

  @TargetApi(28)
  @SuppressWarnings("deprecation") // what older ones have
  private static boolean isSigned(PackageInfo installed, Pin pin) {
    return Build.VERSION.SDK_INT >= 28 ? hasSigned(installed.signingInfo, pin) : areAllPinned(installed.signatures, pin);
  }

  /** A certificate from which the app has rotated counts, too. Of several signers each has to be pinned. */
  @TargetApi(28)
  private static boolean hasSigned(SigningInfo signing, Pin pin) {
    if (signing == null) {
      return false;
    }
    if (signing.hasMultipleSigners()) {
      return areAllPinned(signing.getApkContentsSigners(), pin);
    }
    for (Signature one : signing.getSigningCertificateHistory()) {
      if (pin.certificates().contains(digest(one.toByteArray()))) {
        return true;
      }
    }
    return false;
  }

  private static boolean areAllPinned(Signature[] signatures, Pin pin) {
    if (signatures == null || signatures.length == 0) {
      return false;
    }
    for (Signature signature : signatures) {
      if (!pin.certificates().contains(digest(signature.toByteArray()))) {
        return false;
      }
    }
    return true;
  }

  private static String digest(byte[] certificate) {
    try {
      return ByteString.of(MessageDigest.getInstance("SHA-256").digest(certificate)).hex();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // each Android has it
    }
  }

  @Override
  public Service service(ServiceAddress address, Pin pin) {
    Service known = services.get(address.toString());
    if (known != null) {
      return known;
    }
    services.putIfAbsent(address.toString(), new AndroidService(this, address, pin));
    return services.get(address.toString());
  }

  Context context() {
    return context;
  }

  /** What to bind for the message wire. */
  Intent messages(ServiceAddress address) throws NoServiceException {
    String action = address.action.isEmpty() ? MESSAGES : address.action;
    Intent intent = explicit(action, address);
    if (intent == null && address.action.isEmpty() && streams(address) == null) {
      intent = onlyService(address.name, action);
    }
    if (intent == null) {
      throw new NoServiceException(address + " has no service for " + action);
    }
    return intent;
  }

  /** What to bind for the stream wire; null if the service has none. */
  Intent streams(ServiceAddress address) {
    return explicit(STREAMS, address);
  }

  /** The one service of the package that has the action, of the class if the address names one. */
  private Intent explicit(String action, ServiceAddress address) {
    Intent intent = new Intent(action).setPackage(address.name);
    String wanted = address.object.startsWith(".") ? address.name + address.object : address.object;
    List<ResolveInfo> found = packages.queryIntentServices(intent, 0);
    Intent explicit = null;
    for (ResolveInfo one : found) {
      if (one.serviceInfo.packageName.equals(address.name) && (wanted.isEmpty() || one.serviceInfo.name.equals(wanted))) {
        if (explicit != null) {
          return null; // which of them is not for us to guess
        }
        explicit = new Intent(action).setComponent(new ComponentName(address.name, one.serviceInfo.name));
      }
    }
    if (explicit == null && !wanted.isEmpty() && action.equals(address.action.isEmpty() ? MESSAGES : address.action)) {
      return new Intent(action).setComponent(new ComponentName(address.name, wanted)); // named, so it needs no filter
    }
    return explicit;
  }

  /** An app that knows httpoveripc alone has a service without our action. */
  private Intent onlyService(String name, String action) {
    try {
      ServiceInfo[] all = packages.getPackageInfo(name, PackageManager.GET_SERVICES).services;
      ServiceInfo only = null;
      for (ServiceInfo one : all == null ? new ServiceInfo[0] : all) {
        if (one.exported && only != null) {
          return null;
        }
        only = one.exported ? one : only;
      }
      return only == null ? null : new Intent(action).setComponent(new ComponentName(name, only.name));
    } catch (PackageManager.NameNotFoundException e) {
      return null;
    }
  }

  /** Throws unless the package is there and signed as the pin says, now. */
  void verify(Pin pin) throws ClientException {
    if (!isInstalled(pin)) {
      throw new NoServiceException(pin.packageName() + " is not installed");
    }
  }
}
