import AuthenticationServices
import CryptoKit
import Foundation
import UIKit

/// A login of a client app, as far as the code: what goes out, and what comes back.
///
/// ``launch(in:)`` tries the issuer's universal link first, which the authorization app answers if it
/// is installed. Give what your app is opened with to ``finish(_:)``. Without that app the same link
/// is opened in the system's browser.
public final class Login {
    public enum Failure: Error, Equatable {
        case notOurs // another redirect, or none: go on waiting
        case malformed // a parameter occurs twice, or there is neither code nor error
        case wrongIssuer // another issuer answers: nothing may be sent
        case refused(String) // the error of RFC 6749 section 4.1.2.1
    }

    /// What a redirect that passed all checks says.
    public struct Answer {
        public let code: String
        public let verifier: String // for the token request, with the code
        public let ipcService: String? // a hint: check that it belongs to the issuer before anything is sent
    }

    public let url: URL
    private let issuer: String
    private let redirectURI: String
    private let state: String
    private let verifier: String
    private var session: ASWebAuthenticationSession?

    /// - Parameter redirectURI: a universal link of this app if it has one: iOS gives a custom scheme to
    ///   any app that claims it
    public init?(issuer: String, clientID: String, redirectURI: String, scopes: [String]) {
        guard var link = URLComponents(string: issuer + "/authorize") else { return nil }
        self.issuer = issuer
        self.redirectURI = redirectURI
        state = Self.random()
        verifier = Self.random()
        let challenge = Data(SHA256.hash(data: Data(verifier.utf8))).base64URL
        link.queryItems = [
            URLQueryItem(name: "response_type", value: "code"),
            URLQueryItem(name: "client_id", value: clientID),
            URLQueryItem(name: "redirect_uri", value: redirectURI),
            URLQueryItem(name: "scope", value: scopes.joined(separator: " ")),
            URLQueryItem(name: "state", value: state),
            URLQueryItem(name: "code_challenge", value: challenge),
            URLQueryItem(name: "code_challenge_method", value: "S256"),
        ]
        guard let url = link.url else { return nil }
        self.url = url
    }

    /// Opens the authorization app, or the browser if it is not installed.
    ///
    /// - Parameter online: what the browser came back with
    @MainActor
    public func launch(in window: ASWebAuthenticationPresentationContextProviding, online: @escaping (Result<Answer, Error>) -> Void) {
        UIApplication.shared.open(url, options: [.universalLinksOnly: true]) { [weak self] opened in
            if !opened { self?.browse(in: window, online) }
        }
    }

    private func browse(in window: ASWebAuthenticationPresentationContextProviding, _ online: @escaping (Result<Answer, Error>) -> Void) {
        let scheme = URLComponents(string: redirectURI)?.scheme
        session = ASWebAuthenticationSession(url: url, callbackURLScheme: scheme) { [weak self] redirect, failure in
            guard let self, let redirect else {
                online(.failure(failure ?? Failure.notOurs))
                return
            }
            online(Result { try self.finish(redirect) })
        }
        session?.presentationContextProvider = window
        session?.start()
    }

    /// Checks a redirect, in the order of section 8 of the protocol.
    public func finish(_ redirect: URL) throws -> Answer {
        let text = redirect.absoluteString
        guard text.utf8.count <= 16 << 10, let end = text.firstIndex(of: "?"), text[..<end] == redirectURI,
            let items = URLComponents(url: redirect, resolvingAgainstBaseURL: false)?.percentEncodedQueryItems
        else { throw Failure.notOurs }
        var said: [String: String] = [:]
        for item in items {
            let value = (item.value ?? "").replacingOccurrences(of: "+", with: "%20").removingPercentEncoding
            guard let name = item.name.removingPercentEncoding, let value, said.updateValue(value, forKey: name) == nil
            else { throw Failure.malformed }
        }
        guard (said["code"] == nil) != (said["error"] == nil) else { throw Failure.malformed }
        guard let got = said["state"], Self.equal(got, state) else { throw Failure.notOurs }
        guard said["iss"] == issuer else { throw Failure.wrongIssuer }
        guard let code = said["code"] else { throw Failure.refused(said["error"] ?? "") }
        return Answer(code: code, verifier: verifier, ipcService: said["ipc-service"] ?? said["ipc-server"])
    }

    private static func random() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64URL
    }

    private static func equal(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        return a.count == b.count && zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension Data {
    /// RFC 4648 section 5, without padding.
    var base64URL: String {
        base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}
