import Offlineauth
import UIKit
import WebKit

/// Shows the person's pages in a web view that runs no scripts and loads nothing else. A request
/// that is not decided when it goes is denied.
public final class ConsentController: UIViewController, WKURLSchemeHandler, WKNavigationDelegate {
    private static let scheme = "offlineauth-person"

    private let server: AuthorizationServer
    private let request: String
    private let screen: OAMobileScreen
    private let work = DispatchQueue(label: "offlineauth.pages") // pages wait for the disk
    private var stopped = Set<ObjectIdentifier>()
    private var decided = false

    public init?(server: AuthorizationServer, request: OAMobileRequest) {
        guard let screen = server.screen() else { return nil }
        self.server = server
        self.request = request.id_
        self.screen = screen
        super.init(nibName: nil, bundle: nil)
    }

    public required init?(coder: NSCoder) { nil }

    public override func loadView() {
        let configuration = WKWebViewConfiguration()
        configuration.setURLSchemeHandler(self, forURLScheme: Self.scheme)
        configuration.websiteDataStore = .nonPersistent()
        configuration.defaultWebpagePreferences.allowsContentJavaScript = false
        let web = WKWebView(frame: .zero, configuration: configuration)
        web.navigationDelegate = self
        view = web
        var page = URLComponents()
        page.scheme = Self.scheme
        page.host = "person"
        page.path = "/consent"
        page.queryItems = [URLQueryItem(name: "id", value: request)]
        if let url = page.url { web.load(URLRequest(url: url)) }
    }

    public override func viewDidDisappear(_ animated: Bool) {
        super.viewDidDisappear(animated)
        guard isBeingDismissed || isMovingFromParent, !decided else { return }
        let (server, request) = (server, request)
        work.async { try? server.deny(request) }
    }

    public func webView(
        _ web: WKWebView, decidePolicyFor action: WKNavigationAction,
        decisionHandler: @escaping (WKNavigationActionPolicy) -> Void
    ) {
        decisionHandler(action.request.url?.scheme == Self.scheme ? .allow : .cancel)
    }

    public func webView(_ web: WKWebView, start task: WKURLSchemeTask) {
        guard let url = task.request.url, url.host == "person" else {
            task.didFailWithError(URLError(.unsupportedURL))
            return
        }
        let target = String(url.path.dropFirst()) + (url.query.map { "?" + $0 } ?? "")
        work.async { [weak self, screen] in
            guard let page = screen.load(target) else { return }
            DispatchQueue.main.async { self?.answer(task, url, page) }
        }
    }

    public func webView(_ web: WKWebView, stop task: WKURLSchemeTask) {
        stopped.insert(ObjectIdentifier(task))
    }

    private func answer(_ task: WKURLSchemeTask, _ url: URL, _ page: OAMobilePage) {
        if stopped.remove(ObjectIdentifier(task)) != nil { return }
        let headers = ["Content-Type": page.type, "Content-Security-Policy": page.policy, "Cache-Control": "no-store"]
        let response = HTTPURLResponse(url: url, statusCode: page.status, httpVersion: "HTTP/1.1", headerFields: headers)
        task.didReceive(response ?? URLResponse())
        task.didReceive(page.body() ?? Data())
        task.didFinish()
        if page.path == "done", page.status == 200 {
            decided = true
            dismiss(animated: true)
        }
    }
}
