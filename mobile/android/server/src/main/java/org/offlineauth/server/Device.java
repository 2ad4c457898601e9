package org.offlineauth.server;

import android.content.ActivityNotFoundException;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.content.pm.ResolveInfo;
import android.content.pm.verify.domain.DomainVerificationManager;
import android.content.pm.verify.domain.DomainVerificationUserState;
import android.net.Uri;
import android.os.Build;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeSet;
import org.offlineauth.mobile.Bytes;
import org.offlineauth.mobile.Host;
import org.offlineauth.mobile.Text;
import org.offlineauth.mobile.Token;

/** What the device does for the Go library. */
final class Device implements Host {
  private static final Uri SOMEWHERE = Uri.parse("https://somewhere.invalid/");

  private final Context context;
  private final Attestor attestor;
  private final ApiHandler answers;

  Device(Context context, Attestor attestor, ApiHandler answers) {
    this.context = context;
    this.attestor = attestor;
    this.answers = answers;
  }

  @Override
  public void launch(String uri, String app) {
    Intent redirect = view(Uri.parse(uri)).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK);
    if (!app.isEmpty()) {
      redirect.setPackage(attestor.verified(app));
    }
    try {
      context.startActivity(redirect);
    } catch (ActivityNotFoundException none) {
      throw new IllegalStateException("no app takes the redirect of " + app, none);
    }
  }

  /** The apps that would get a redirect, as far as they can be seen; null if that is not known. */
  @Override
  public Text claimants(String redirectURI) {
    Uri uri = Uri.parse(redirectURI);
    boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
    TreeSet<String> claimants = new TreeSet<>();
    for (String name : receivers(uri)) {
      if (!web || claims(name, uri)) {
        addIdentities(claimants, name);
      }
    }
    return claimants.isEmpty() ? null : new Text(String.join(" ", claimants));
  }

  private void addIdentities(TreeSet<String> to, String name) {
    try {
      to.addAll(Arrays.asList(attestor.identities(name).split(" ")));
    } catch (SecurityException unsigned) {
      to.add("android:" + name + "#"); // it gets the redirect, and is nobody who could register it
    }
  }

  private TreeSet<String> receivers(Uri uri) {
    TreeSet<String> names = new TreeSet<>();
    for (ResolveInfo one : context.getPackageManager().queryIntentActivities(view(uri), PackageManager.MATCH_DEFAULT_ONLY)) {
      if (one.activityInfo != null) {
        names.add(one.activityInfo.packageName);
      }
    }
    return names;
  }

  /** Whether the system has verified that an app owns an https link: a browser does not. */
  private boolean claims(String name, Uri uri) {
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) {
      return !receivers(SOMEWHERE).contains(name);
    }
    DomainVerificationManager domains = context.getSystemService(DomainVerificationManager.class);
    try {
      DomainVerificationUserState state = domains == null ? null : domains.getDomainVerificationUserState(name);
      Map<String, Integer> hosts = state == null ? null : state.getHostToStateMap();
      Integer found = hosts == null ? null : hosts.get(uri.getHost());
      return found != null && found != DomainVerificationUserState.DOMAIN_STATE_NONE;
    } catch (PackageManager.NameNotFoundException gone) {
      return false;
    }
  }

  @Override
  public Bytes answer(byte[] request, Token token) throws Exception {
    return answers == null ? null : new Bytes(answers.answer(request, token));
  }

  private static Intent view(Uri uri) {
    return new Intent(Intent.ACTION_VIEW, uri).addCategory(Intent.CATEGORY_BROWSABLE);
  }
}
