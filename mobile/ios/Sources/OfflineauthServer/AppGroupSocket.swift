import Foundation

/// A unix socket in the container of an app group, on which apps of the same maker reach the server
/// while this app runs. iOS has no such way between apps of different makers, and wakes nobody up for
/// it: a client that cannot connect goes online.
public final class AppGroupSocket {
    private let server: AuthorizationServer
    private let listener: Int32
    private let path: String
    private let thread = DispatchQueue(label: "offlineauth.socket")

    public enum Failure: Error {
        case noGroup // the entitlement com.apple.security.application-groups does not name it
        case pathTooLong // a socket's path has at most 103 bytes
        case system(String, Int32)
    }

    /// Where the socket of a group is: the value of `ipc-service` is "unix:" and this path.
    public static func path(group: String) throws -> String {
        guard let container = FileManager.default.containerURL(forSecurityApplicationGroupIdentifier: group) else {
            throw Failure.noGroup
        }
        return container.appendingPathComponent("oa.sock").path
    }

    public init(server: AuthorizationServer, group: String) throws {
        self.server = server
        path = try Self.path(group: group)
        listener = socket(AF_UNIX, SOCK_STREAM, 0)
        guard listener >= 0 else { throw Failure.system("socket", errno) }
        unlink(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else {
            close(listener)
            throw Failure.pathTooLong
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, chmod(path, 0o600) == 0, listen(listener, 16) == 0 else {
            let code = errno
            close(listener)
            throw Failure.system("bind", code)
        }
        thread.async { [self] in accept() }
    }

    private func accept() {
        while true {
            let peer = Darwin.accept(listener, nil, nil)
            if peer >= 0 {
                try? server.serve(peer)
            } else if errno != EINTR && errno != ECONNABORTED {
                return // it was closed
            }
        }
    }

    /// Before the app is suspended: a socket that nobody accepts on would keep clients waiting.
    public func end() {
        unlink(path)
        close(listener)
        server.rest()
    }
}
