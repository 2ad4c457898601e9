package org.offlineauth.client;

import android.content.Intent;
import android.net.Uri;

/** A login that was started and waits for the person. */
public final class Login {
  private final String link;
  private final String packageName;

  Login(String link, String packageName) {
    this.link = link;
    this.packageName = packageName;
  }

  /** The authorization link. It is never to be opened in a web view (RFC 8252 section 8.12). */
  public String link() {
    return link;
  }

  /** The verified app that gets the link; null for the browser. */
  public String packageName() {
    return packageName;
  }

  /**
   * What to start an activity with: explicit at the app that was verified, or else at the browser. A
   * link alone could go to any app that says it opens such links.
   */
  public Intent toIntent() {
    Intent view = new Intent(Intent.ACTION_VIEW, Uri.parse(link)).addCategory(Intent.CATEGORY_BROWSABLE);
    if (packageName != null) {
      return view.setPackage(packageName);
    }
    Intent anyPage = new Intent(Intent.ACTION_VIEW, Uri.fromParts("https", "", null)).addCategory(Intent.CATEGORY_BROWSABLE);
    view.setSelector(anyPage); // what opens any page is a browser
    return view;
  }
}
