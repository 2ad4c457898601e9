// swift-tools-version:5.9
import PackageDescription

// OfflineauthServer needs build/Offlineauth.xcframework: make ios. The client has no Go in it.
let package = Package(
    name: "Offlineauth",
    platforms: [.iOS(.v15)],
    products: [
        .library(name: "OfflineauthClient", targets: ["OfflineauthClient"]),
        .library(name: "OfflineauthServer", targets: ["OfflineauthServer"]),
    ],
    targets: [
        .target(name: "OfflineauthClient"),
        .target(name: "OfflineauthServer", dependencies: ["Offlineauth"]),
        .binaryTarget(name: "Offlineauth", path: "../../build/Offlineauth.xcframework"),
    ]
)
