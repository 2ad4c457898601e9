package org.offlineauth.server;

import android.annotation.TargetApi;
import android.os.Build;
import android.webkit.RenderProcessGoneDetail;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import android.webkit.WebView;
import android.webkit.WebViewClient;
import org.offlineauth.mobile.Page;

/** Lets a web view load our pages, out of this process, and nothing else. */
final class PageClient extends WebViewClient {
  private final PageSource pages;
  private final Runnable decided;
  private final Runnable gone;

  /**
   * @param decided called when the person has decided and the redirect was launched
   * @param gone called when the web view's own process is gone
   */
  PageClient(PageSource pages, Runnable decided, Runnable gone) {
    this.pages = pages;
    this.decided = decided;
    this.gone = gone;
  }

  @Override
  public boolean shouldOverrideUrlLoading(WebView view, WebResourceRequest request) {
    return !PageSource.ours(request.getUrl()); // and nothing else is done with it
  }

  @Override
  public WebResourceResponse shouldInterceptRequest(WebView view, WebResourceRequest request) {
    if (!PageSource.ours(request.getUrl()) || !"GET".equals(request.getMethod())) {
      return PageSource.nothing();
    }
    Page page = pages.load(request.getUrl());
    if (page.getPath().equals("done") && page.getStatus() == 200) {
      decided.run();
    }
    return PageSource.response(page);
  }

  @Override
  @TargetApi(Build.VERSION_CODES.O)
  public boolean onRenderProcessGone(WebView view, RenderProcessGoneDetail detail) {
    gone.run();
    return true;
  }
}
