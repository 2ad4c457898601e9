import Foundation
import Offlineauth
import UIKit

/// The authorization server of an app on iOS.
///
/// Another app launches the issuer's universal link, the system gives it to this one, the person
/// decides, and the redirect is launched. iOS names no caller: every request is unattested, and the
/// person is always asked. Apps of the same maker can use the API afterwards, over a socket in their
/// app group (``AppGroupSocket``); others go online.
public final class AuthorizationServer: NSObject, OAMobileHostProtocol {
    private var app: OAMobileAppProtocol?
    private let handler: ((Data, OAMobileToken) throws -> Data)?

    /// Opens the server. It waits for the disk: not on the main thread.
    ///
    /// - Parameters:
    ///   - issuer: issuer identifier, an https URL (RFC 8414 section 2)
    ///   - directory: a directory of the app's own, which is excluded from backups
    ///   - ipcService: where apps of the same group find the socket; "" if there is none
    ///   - answer: answers requests to the APIs; nil if there are none
    public init(
        issuer: String, customScheme: String = "", directory: URL, ipcService: String = "",
        answer: ((Data, OAMobileToken) throws -> Data)? = nil
    ) throws {
        handler = answer
        super.init()
        let config = OAMobileConfig()
        config.issuer = issuer
        config.customScheme = customScheme
        config.dataDir = directory.path
        config.ipcService = ipcService
        var failure: NSError?
        app = OAMobileOpen(config, self, &failure)
        if let failure { throw failure }
    }

    /// Takes a link. Show what it returns, unless it was answered: give this to
    /// `scene(_:continue:)` for universal links, and to `scene(_:openURLContexts:)` for those of
    /// the custom scheme.
    public func begin(_ link: URL) throws -> OAMobileRequest {
        guard let app else { throw URLError(.cannotOpenFile) }
        return try app.begin(link.absoluteString)
    }

    /// The pages of the person's side, for one ``ConsentController``.
    public func screen() -> OAMobileScreen? {
        app?.screen(Locale.preferredLanguages.joined(separator: ", "))
    }

    public func deny(_ request: String) throws { try app?.deny(request) }

    /// Serves a connected socket. The descriptor is Go's from then on.
    func serve(_ descriptor: Int32) throws {
        let nobody = OAMobileCaller() // iOS does not say which app is at the other end
        nobody.uid = Int(getuid())
        nobody.pid = -1
        try app?.serve(Int(descriptor), caller: nobody)
    }

    /// Before the process is suspended: whoever is connected learns of it.
    public func rest() { app?.rest() }

    // MARK: What the Go library asks of the app

    public func launch(_ uri: String?, app: String?) throws {
        guard let uri, let url = URL(string: uri) else { throw URLError(.badURL) }
        // A universal link goes to the app that the link's host names, and not to a browser.
        let options: [UIApplication.OpenExternalURLOptionsKey: Any] =
            url.scheme == "https" ? [.universalLinksOnly: true] : [:]
        DispatchQueue.main.async { UIApplication.shared.open(url, options: options) }
    }

    public func claimants(_ redirectURI: String?) throws -> OAMobileText { OAMobileText("")! }

    public func answer(_ request: Data?, token: OAMobileToken?) throws -> OAMobileBytes {
        guard let handler, let request, let token else { throw URLError(.unsupportedURL) }
        return OAMobileBytes(try handler(request, token))!
    }
}
