// swift-tools-version: 6.3
import PackageDescription

// Set by `make`: a newer compiler's warnings must not break somebody else's build.
let warningsAreErrors = Context.environment["WARNINGS_AS_ERRORS"] != nil

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableUpcomingFeature("ImmutableWeakCaptures"),
    ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

// Set by `make fuzz`: all rooms are built with AddressSanitizer and count what they run.
let isFuzzing = Context.environment["FUZZ"] != nil
let fuzzing: [SwiftSetting] = isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address"])] : []

/// A room of the architecture (docs/ARCHITECTURE.md): `imports` are the only rooms it may see.
func room(
    _ name: String, imports rooms: [String] = [], libraries: [Target.Dependency] = [],
    more: [SwiftSetting] = []
) -> Target {
    .target(
        name: name, dependencies: rooms.map { .byName(name: $0) } + libraries,
        swiftSettings: settings + fuzzing + more)
}

func tests(
    of name: String, imports rooms: [String] = [], libraries: [Target.Dependency] = []
) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: rooms.map { .byName(name: $0) } + libraries,
        swiftSettings: settings)
}

let lifetimes = SwiftSetting.enableExperimentalFeature("Lifetimes")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "daybook",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "daybook", targets: ["DaybookCommand"]),
        .library(name: "Daybook", targets: ["Daybook"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CLZ4", pkgConfig: "liblz4",
            providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
        .target(name: "CChecksum"),
        .target(name: "CThreads"),
        .target(name: "CFiles"),
        .target(name: "CMemory"),
        room("Units"),
        room("Cron", imports: ["Units"]),
        room("JobModel", imports: ["Units"]),
        room("ByteCoding", imports: ["CChecksum"], more: [lifetimes]),
        room("Storage", imports: ["CFiles"]),
        room("Threads", imports: ["CThreads"]),
        room("Tables", imports: ["CMemory", "Threads"], more: [lifetimes]),
        room("PayloadPacking", imports: ["ByteCoding", "CLZ4"]),
        room(
            "Snapshots", imports: ["Units", "ByteCoding", "Storage", "Threads", "CLZ4"]),
        room(
            "History", imports: ["Units", "JobModel", "ByteCoding", "Storage", "CMemory"],
            more: [lifetimes]),
        room(
            "EventLog", imports: ["Units", "ByteCoding", "Storage", "Threads", "CLZ4"],
            libraries: [crypto], more: [lifetimes]),
        room(
            "Backup",
            imports: ["Units", "ByteCoding", "Storage", "EventLog", "Snapshots", "History"]),
        room(
            "JobCoding", imports: ["Units", "JobModel", "ByteCoding"], more: [lifetimes]),
        room(
            "JobState",
            imports: ["Units", "JobModel", "ByteCoding", "JobCoding", "Tables", "Cron"],
            libraries: [heap, deque], more: [lifetimes]),
        room(
            "Engine",
            imports: [
                "Units", "JobModel", "ByteCoding", "Storage", "Threads", "EventLog", "JobCoding",
                "JobState", "Tables", "PayloadPacking", "Snapshots", "History",
            ], libraries: [deque, heap], more: [lifetimes]),
        room("Daybook", imports: ["Units", "Cron", "JobModel", "EventLog", "Engine", "Wire"]),
        room("Wire", imports: ["Units"]),
        room(
            "Server", imports: ["Units", "Cron", "JobModel", "Engine", "Wire"],
            libraries: [hummingbird, nioCore, nioHTTPTypes, httpTypes, lifecycle, logging]),
        room("Client", imports: ["Wire"], libraries: [httpClient, nioCore, nioHTTP1]),
        room(
            "Executor", imports: ["Units", "Wire", "Client"],
            libraries: [subprocess, system, logging]),
        room(
            "LoadGenerator", imports: ["Units", "Wire", "Client"],
            libraries: [histogram, subprocess, system]),
        .executableTarget(
            name: "DaybookCommand",
            dependencies: [
                "Units", "Cron", "JobModel", "Storage", "EventLog", "JobCoding", "Engine", "Wire",
                "Backup", "Server", "Client", "Executor", "LoadGenerator", arguments, lifecycle,
                unixSignals, logging, system,
            ],
            swiftSettings: settings),
        room(
            "TestKit", imports: ["Storage"], libraries: [subprocess, system]),
        // For tests; no product of the package.
        .executableTarget(
            name: "LogWriter",
            dependencies: ["Units", "ByteCoding", "Storage", "Threads", "EventLog", arguments],
            swiftSettings: settings),

        tests(of: "Units", imports: ["Units"]),
        tests(of: "Cron", imports: ["Units", "Cron", "TestKit"]),
        tests(of: "ByteCoding", imports: ["ByteCoding"]),
        tests(of: "Tables", imports: ["Tables", "TestKit"]),
        tests(of: "PayloadPacking", imports: ["ByteCoding", "PayloadPacking"]),
        tests(of: "Storage", imports: ["Storage", "TestKit"]),
        tests(
            of: "Snapshots", imports: ["Units", "ByteCoding", "Storage", "Snapshots", "TestKit"]),
        tests(
            of: "History",
            imports: ["Units", "JobModel", "ByteCoding", "Storage", "History", "TestKit"]),
        tests(
            of: "EventLog",
            imports: ["Units", "EventLog", "ByteCoding", "Storage", "Threads", "TestKit"],
            libraries: [crypto]),
        tests(
            of: "Backup",
            imports: [
                "Units", "ByteCoding", "JobModel", "JobCoding", "JobState", "Storage", "EventLog",
                "Snapshots", "Engine", "Backup", "TestKit",
            ]),
        tests(of: "JobCoding", imports: ["Units", "JobCoding", "JobModel", "ByteCoding"]),
        tests(
            of: "JobState", imports: ["Units", "ByteCoding", "JobCoding", "JobState", "JobModel"]),
        tests(
            of: "Engine",
            imports: [
                "Units", "ByteCoding", "Engine", "Daybook", "JobCoding", "JobModel", "JobState",
                "Snapshots", "Storage", "EventLog", "TestKit",
            ]),
        tests(
            of: "Simulation",
            imports: [
                "Units", "JobModel", "ByteCoding", "JobCoding", "JobState", "Engine", "Storage",
                "EventLog", "Snapshots", "TestKit",
            ], libraries: [heap]),
        // Sees what another package sees, and nothing else.
        .testTarget(
            name: "DaybookTests", dependencies: ["Daybook"], packageAccess: false,
            swiftSettings: settings),
        tests(of: "Wire", imports: ["Units", "Wire"]),
        tests(
            of: "Server",
            imports: [
                "Units", "JobModel", "Storage", "Server", "Engine", "Wire", "Client", "TestKit",
            ],
            libraries: [httpClient, nioCore, nioHTTP1, nioPosix, lifecycle, logging]),
        tests(
            of: "Executor", imports: ["Units", "Wire", "Client", "Executor", "TestKit"],
            libraries: [logging]),
        tests(
            of: "LoadGenerator", imports: ["Units", "Wire", "Client", "LoadGenerator", "TestKit"]),
        tests(
            of: "DaybookCommand",
            imports: ["Units", "ByteCoding", "Wire", "Client", "TestKit", "DaybookCommand"]),
        tests(
            of: "Fault",
            imports: ["Units", "Wire", "Client", "TestKit", "DaybookCommand", "LogWriter"]),
        tests(of: "House", imports: ["TestKit"], libraries: [subprocess, system]),

        .target(
            name: "FuzzSubjects",
            dependencies: [
                "Units", "ByteCoding", "CLZ4", "Storage", "EventLog", "JobModel", "JobCoding",
                "JobState", "Snapshots", "History", "Wire", crypto,
            ],
            path: "Tests/FuzzSubjects", swiftSettings: settings),
        tests(of: "FuzzSubjects", imports: ["FuzzSubjects"]),
    ]
)

// Not built unless asked for: `make bench`.
if Context.environment["BENCHMARKS"] != nil {
    package.targets += [
        .target(
            name: "BenchmarkKit", dependencies: ["ByteCoding", "CLZ4"],
            path: "Benchmarks/BenchmarkKit", swiftSettings: settings),
        .executableTarget(
            name: "LogBenchmarks",
            dependencies: [
                "Units", "JobModel", "ByteCoding", "Storage", "Threads", "EventLog", "JobCoding",
                "BenchmarkKit",
            ],
            path: "Benchmarks/LogBenchmarks", swiftSettings: settings),
        .executableTarget(
            name: "EngineBenchmarks",
            dependencies: [
                "Units", "JobModel", "ByteCoding", "Storage", "EventLog", "JobCoding", "JobState",
                "PayloadPacking", "Threads", "Engine", "BenchmarkKit", crypto,
            ],
            path: "Benchmarks/EngineBenchmarks", swiftSettings: settings),
        .executableTarget(
            name: "HistoryBenchmarks",
            dependencies: [
                "Units", "JobModel", "ByteCoding", "Storage", "History", "BenchmarkKit",
            ],
            path: "Benchmarks/HistoryBenchmarks", swiftSettings: settings),
        .executableTarget(
            name: "TableBenchmarks", dependencies: ["Tables", "BenchmarkKit"],
            path: "Benchmarks/TableBenchmarks", swiftSettings: settings),
    ]
}

if isFuzzing {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"),
        .executableTarget(
            name: "DaybookFuzzer", dependencies: ["CFuzzer", "FuzzSubjects"],
            path: "Tests/DaybookFuzzer", swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
    ]
}
