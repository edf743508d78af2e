// swift-tools-version: 6.2
// The host side (machine, devices, wiring, command line) and every guest library, so that guest code is also
// compiled, tested and debugged hosted. Guest programs for wasm32 are built by `simctl image build` (ProgramBuilder).
import PackageDescription

/// Where every system call passes: exclusive access to class members is checked in debug builds, where the tests run; in
/// release builds the checks were half of a system call.
let hotPath: [SwiftSetting] = [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// A guest library: Embedded-clean sources below `Sources/GuestOS` or `Sources/BrowserApp`. The kernel's checks of itself
/// lie in a folder of their own, `KernelAudit`, beside it.
func guest(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
    if name == "Kernel" {
        return .target(name: name, dependencies: dependencies, path: "Sources/GuestOS", exclude: ["ABI", "Apps", "Compression", "Drivers", "MemoryManager", "Policies", "Services", "Userland"], sources: ["Kernel", "KernelAudit"], swiftSettings: hotPath)
    }
    // Hosted layout was half checks; programs have none.
    let isHot = name == "MemoryManager" || name == "CSS" || name == "Layout"
    return .target(name: name, dependencies: dependencies, path: "Sources/" + path, swiftSettings: isHot ? hotPath : [])
}

let package = Package(
    name: "Terrarium",
    products: [
        .library(name: "Terrarium", targets: ["Terrarium"]),
        .executable(name: "simctl", targets: ["simctl"]),
    ],
    targets: [
        // Machine: knows neither VirtIO nor the kernel's types.
        .target(name: "CHost", path: "Sources/Machine/CHost"),
        .target(name: "CHash", path: "Sources/Machine/CHash", cSettings: [.unsafeFlags(["-O2"])]),   // hashes all RAM, also in debug builds
        .systemLibrary(name: "CZlib", path: "Sources/Machine/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Machine", dependencies: ["CHost", "CHash", "CZlib"], path: "Sources/Machine", exclude: ["CHost", "CHash", "CZlib"], swiftSettings: hotPath),
        // Devices and their host backends.
        .systemLibrary(name: "CSDL2", path: "Sources/Devices/CSDL2", providers: [.apt(["libsdl2-dev"])]),
        .systemLibrary(name: "CSlirp", path: "Sources/Devices/CSlirp", pkgConfig: "slirp", providers: [.apt(["libslirp-dev"])]),
        .target(name: "Devices", dependencies: ["Machine", "CSDL2", "CSlirp", "CZlib"], path: "Sources/Devices", exclude: ["CSDL2", "CSlirp"]),
        // `make fuzz`: device models, guest drivers and what the browser takes from the network, on random and hostile input.
        .target(name: "Fuzzing", dependencies: ["Machine"], path: "Sources/Fuzzing/Common"),
        .target(name: "DeviceFuzzing", dependencies: ["Fuzzing", "Machine", "Devices", "Drivers", "ABI"], path: "Sources/Fuzzing/Devices"),
        .target(name: "BrowserFuzzing", dependencies: ["Fuzzing", "Machine", "DOM", "HTML", "CSS", "Layout", "Images", "SVG", "Graphics", "WebNet"], path: "Sources/Fuzzing/Browser"),
        .executableTarget(name: "Fuzz", dependencies: ["Fuzzing", "DeviceFuzzing", "BrowserFuzzing"], path: "Sources/Fuzzing/Main"),
        // Guest operating system.
        guest("ABI", "GuestOS/ABI"),
        guest("Policies", "GuestOS/Policies", ["ABI"]),
        guest("Drivers", "GuestOS/Drivers", ["ABI"]),
        guest("Compression", "GuestOS/Compression"),
        guest("MemoryManager", "GuestOS/MemoryManager", ["ABI", "Compression"]),
        guest("Kernel", "GuestOS/Kernel", ["ABI", "Policies", "Drivers", "MemoryManager"]),
        guest("Runtime", "GuestOS/Userland/Runtime", ["ABI"]),
        // The programs' allocator, natively for its tests.
        .target(name: "CAllocator", path: "Sources/GuestOS/Userland/CRuntime", exclude: ["integers.c", "runtime.c"], sources: ["allocator.c"], publicHeadersPath: "include"),
        guest("Graphics", "GuestOS/Userland/Graphics"),
        guest("Toolkit", "GuestOS/Userland/Toolkit", ["ABI", "Runtime", "Graphics"]),
        guest("ConsoleText", "GuestOS/Userland/ConsoleText", ["ABI"]),
        guest("ShellApp", "GuestOS/Apps/Shell", ["ABI", "Runtime", "ConsoleText"]),
        guest("DemoApp", "GuestOS/Apps/Demo", ["ABI", "Runtime", "ConsoleText"]),
        guest("NetStack", "GuestOS/Services/NetStack"),
        guest("NetClient", "GuestOS/Userland/NetClient", ["ABI", "Runtime"]),
        guest("NetworkService", "GuestOS/Services/Network", ["ABI", "Runtime", "NetStack"]),
        guest("FileClient", "GuestOS/Userland/FileClient", ["ABI", "Runtime"]),
        guest("FileSystem", "GuestOS/Services/FileSystem", ["ABI"]),
        guest("FileService", "GuestOS/Services/Files", ["ABI", "Runtime", "FileSystem"]),
        guest("WindowManager", "GuestOS/Services/WindowManager", ["ABI", "Runtime", "Graphics", "Toolkit"]),
        guest("InitService", "GuestOS/Services/Init", ["ABI", "Runtime"]),
        guest("TerminalApp", "GuestOS/Apps/Terminal", ["ABI", "Runtime", "ConsoleText", "FileClient", "Graphics", "Toolkit"]),
        // Browser.
        guest("DOM", "BrowserApp/DOM"),
        guest("HTML", "BrowserApp/HTML", ["DOM"]),
        guest("Images", "BrowserApp/Images", ["Graphics"]),
        guest("CSS", "BrowserApp/CSS", ["DOM", "Graphics"]),
        guest("SVG", "BrowserApp/SVG", ["DOM", "CSS", "Graphics", "Images"]),
        guest("Layout", "BrowserApp/Layout", ["DOM", "CSS", "Graphics", "Images", "SVG"]),
        guest("Pictures", "BrowserApp/Pictures", ["Graphics", "Images", "SVG", "Layout"]),
        guest("WebNet", "BrowserApp/WebNet", ["ABI", "Runtime", "NetClient"]),
        guest("TabProtocol", "BrowserApp/TabProtocol", ["ABI"]),
        guest("Interaction", "BrowserApp/Interaction", ["ABI", "TabProtocol", "Graphics", "DOM", "CSS", "Layout", "WebNet", "Toolkit"]),
        guest("TabApp", "BrowserApp/Tab", ["ABI", "TabProtocol", "Runtime", "Graphics", "DOM", "HTML", "CSS", "Layout", "Images", "SVG", "Pictures", "WebNet", "NetClient", "FileClient", "Toolkit", "Interaction"]),
        guest("ChromeApp", "BrowserApp/Chrome", ["ABI", "ConsoleText", "FileClient", "TabProtocol", "Runtime", "Graphics", "Toolkit", "WebNet"]),
        // Public conformance suites (html5lib, PNG) run against the browser's libraries; host only.
        .target(name: "Conformance", dependencies: ["DOM", "HTML", "Images", "Graphics"], path: "Sources/Conformance"),
        // Image building, wiring, command line.
        .target(name: "ProgramBuilder", dependencies: ["Machine"], path: "Sources/ProgramBuilder"),
        .target(name: "Terrarium", dependencies: ["Machine", "Devices", "Kernel", "MemoryManager", "ABI", "ConsoleText", "Policies", "Drivers", "NetStack", "Graphics", "ProgramBuilder"], path: "Sources/Terrarium", swiftSettings: hotPath),
        .target(name: "CBounds", path: "Sources/PartsBench/CBounds"),
        .target(name: "PartsBench", dependencies: ["CBounds", "Terrarium", "Machine", "Devices", "ProgramBuilder", "Compression", "DOM", "HTML", "CSS", "Layout", "Images", "Graphics"], path: "Sources/PartsBench", exclude: ["CBounds"]),
        .target(name: "SimctlCommands", dependencies: ["ABI", "FileSystem", "Policies", "PartsBench", "Terrarium", "Machine", "Devices", "ProgramBuilder", "ConsoleText", "Conformance", "DOM", "HTML", "CSS", "Layout", "Images", "SVG", "Pictures", "Graphics", "WebNet"], path: "Sources/SimctlCommands"),
        .executableTarget(name: "simctl", dependencies: ["SimctlCommands"], path: "Sources/simctl"),
        .executableTarget(name: "TenLines", dependencies: ["Terrarium"], path: "Examples/TenLines"),
        .executableTarget(name: "TwoMachines", dependencies: ["Terrarium"], path: "Examples/TwoMachines"),
        .testTarget(name: "ChromeTests", dependencies: ["ChromeApp", "TabProtocol", "Graphics"], path: "Tests/ChromeTests"),
        .testTarget(name: "SimctlTests", dependencies: ["SimctlCommands", "Terrarium", "Machine", "ConsoleText", "CSS", "DOM", "Layout"], path: "Tests/SimctlTests"),
        .testTarget(name: "ShellTests", dependencies: ["ABI", "ConsoleText", "ShellApp"], path: "Tests/ShellTests"),
        .testTarget(name: "ABITests", dependencies: ["ABI"], path: "Tests/ABITests"),
        .testTarget(name: "DOMTests", dependencies: ["DOM"], path: "Tests/DOMTests"),
        .testTarget(name: "GraphicsTests", dependencies: ["Graphics"], path: "Tests/GraphicsTests"),
        .testTarget(name: "ToolkitTests", dependencies: ["ABI", "Graphics", "Toolkit"], path: "Tests/ToolkitTests"),
        .testTarget(name: "HTMLTests", dependencies: ["DOM", "HTML", "Conformance"], path: "Tests/HTMLTests", exclude: ["ledger.txt"]),
        .testTarget(name: "CPUTests", dependencies: ["Machine", "ProgramBuilder"], path: "Tests/CPUTests"),
        .testTarget(name: "AllocatorTests", dependencies: ["CAllocator"], path: "Tests/AllocatorTests"),
        .testTarget(name: "ProgramBuilderTests", dependencies: ["ProgramBuilder"], path: "Tests/ProgramBuilderTests"),
        .testTarget(name: "NetStackTests", dependencies: ["NetStack"], path: "Tests/NetStackTests"),
        .testTarget(name: "MachineTests", dependencies: ["Machine"], path: "Tests/MachineTests"),
        .testTarget(name: "DevicesTests", dependencies: ["Machine", "Devices", "Drivers", "NetStack", "CSDL2"], path: "Tests/DevicesTests"),
        .testTarget(name: "FuzzingTests", dependencies: ["Devices", "Fuzzing", "DeviceFuzzing", "BrowserFuzzing"], path: "Tests/FuzzingTests"),
        .testTarget(name: "WindowManagerTests", dependencies: ["ABI", "Graphics", "Toolkit", "WindowManager"], path: "Tests/WindowManagerTests"),
        .testTarget(name: "TerminalTests", dependencies: ["ABI", "FileClient", "Toolkit", "TerminalApp"], path: "Tests/TerminalTests"),
        .testTarget(name: "FileSystemTests", dependencies: ["ABI", "FileSystem"], path: "Tests/FileSystemTests"),
        .testTarget(name: "FilesTests", dependencies: ["ABI", "Runtime", "ChromeApp", "FileClient", "FileService", "FileSystem", "Toolkit", "TerminalApp"], path: "Tests/FilesTests"),
        .testTarget(name: "KernelTests", dependencies: ["Kernel", "ABI", "Policies", "Drivers", "Compression", "MemoryManager", "Runtime", "InitService"], path: "Tests/KernelTests"),
        .testTarget(name: "MemoryManagerTests", dependencies: ["MemoryManager", "Compression", "ABI"], path: "Tests/MemoryManagerTests"),
        .testTarget(name: "PoliciesTests", dependencies: ["Policies"], path: "Tests/PoliciesTests"),
        .testTarget(name: "NetworkServiceTests", dependencies: ["ABI", "Runtime", "NetStack", "NetClient", "NetworkService", "WebNet", "CSlirp"], path: "Tests/NetworkServiceTests"),
        .testTarget(name: "WebNetTests", dependencies: ["ABI", "NetClient", "WebNet"], path: "Tests/WebNetTests"),
        .testTarget(name: "ImagesTests", dependencies: ["Graphics", "Images", "Conformance"], path: "Tests/ImagesTests", exclude: ["png-reference.txt", "image-reference.txt", "image-ledger.txt", "pictures"]),
        .testTarget(name: "SVGTests", dependencies: ["Graphics", "DOM", "HTML", "CSS", "Images", "SVG", "Layout", "Pictures"], path: "Tests/SVGTests"),
        .testTarget(name: "CSSTests", dependencies: ["CSS", "DOM", "HTML", "Graphics"], path: "Tests/CSSTests"),
        .testTarget(name: "TabTests", dependencies: ["ABI", "Runtime", "TabProtocol", "TabApp", "DOM", "HTML", "Graphics", "Interaction", "Layout", "WebNet"], path: "Tests/TabTests"),
        .testTarget(name: "InteractionTests", dependencies: ["Interaction", "TabProtocol", "HTML", "DOM", "CSS", "Layout", "Graphics", "WebNet", "Toolkit", "ABI"], path: "Tests/InteractionTests"),
        .testTarget(name: "LayoutTests", dependencies: ["Layout", "DOM", "HTML", "CSS", "Graphics"], path: "Tests/LayoutTests"),
        .testTarget(name: "PartsBenchTests", dependencies: ["PartsBench", "Terrarium"], path: "Tests/PartsBenchTests"),
        .testTarget(name: "TerrariumTests", dependencies: ["simctl", "Graphics", "Terrarium", "SimctlCommands", "ProgramBuilder", "Machine", "Devices", "Kernel", "Policies", "ABI"], path: "Tests/TerrariumTests"),
    ],
    swiftLanguageModes: [.v6]
)

// Warnings are errors in every target of ours (tests too); the deprecated is no exception.
for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
}
