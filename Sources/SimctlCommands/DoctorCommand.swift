// `simctl doctor`: what is installed, what is missing, how to get it.

import Foundation
import Terrarium

let doctorCommand = Command(
    words: ["doctor"], arguments: "", summary: "say what is installed, what is missing, and how to get it",
    details: "Exit code 0 when everything needed to build and run is there, else 1.",
    options: [OptionSpecification("json", nil, "print as JSON")], argumentCount: 0...0, run: doctor)

private struct Finding { var name: String; var isThere: Bool; var detail: String; var wayOut: String }

@Sendable func doctor(_ arguments: ParsedArguments) throws -> Int32 {
    var findings: [Finding] = []
    for (tool, package) in [("swiftc", "Swift 6.3 from swift.org"), ("clang", "Swift 6.3 from swift.org"), ("wasm-ld", "Swift 6.3 from swift.org"), ("wasm2c", "wabt"), ("python3", "python3")] {
        let path = find(tool)
        findings.append(Finding(name: tool, isThere: path != nil, detail: path ?? "", wayOut: package.contains(" ") ? "install \(package)" : "sudo apt-get install \(package)"))
    }
    for (name, path, package) in [
        ("C library for programs", "/usr/lib/wasm32-wasi/libc.a", "wasi-libc"), ("DejaVu fonts", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
        ("Python documentation", "/usr/share/doc/python3.11/html/index.html", "python3.11-doc"), ("Debian policy", "/usr/share/doc/debian-policy/policy.html", "debian-policy"),
    ] { findings.append(Finding(name: name, isThere: FileManager.default.fileExists(atPath: path), detail: path, wayOut: "sudo apt-get install \(package)")) }
    let image = try? loadImage(arguments)
    findings.append(Finding(name: "guest image", isThere: image != nil, detail: image.map { "\($0.directory.path) (\(hexadecimal($0.hash)))" } ?? "", wayOut: "make image"))
    findings.append(Finding(name: "display", isThere: hasDisplay, detail: hasDisplay ? "a window can open" : "", wayOut: "not needed with --headless; over ssh use 'ssh -X', or 'xvfb-run simctl run'"))
    if arguments.flag("json") {
        let list = findings.map { ["name": $0.name, "present": $0.isThere, "detail": $0.detail, "fix": $0.isThere ? "" : $0.wayOut] as [String: Any] }
        print(String(decoding: try JSONSerialization.data(withJSONObject: ["schema": 1, "findings": list], options: [.prettyPrinted, .sortedKeys]), as: UTF8.self))
    } else {
        for f in findings {
            print((f.isThere ? "ok       " : "missing  ") + f.name.padding(toLength: 26, withPad: " ", startingAt: 0) + (f.isThere ? f.detail : f.wayOut))
        }
    }
    return findings.allSatisfy { $0.isThere || $0.name == "display" } ? ExitCode.success : ExitCode.failure
}

private func find(_ tool: String) -> String? {
    for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
        let path = "\(folder)/\(tool)"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    return nil
}
