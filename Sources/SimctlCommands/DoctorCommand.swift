// `simctl doctor`: what is installed, what is missing, how to get it. The packages are those of scripts/bootstrap, read
// from it, so that there is one list.

import Foundation
import Machine
import ProgramBuilder
import Terrarium

let doctorCommand = Command(
    words: ["doctor"], arguments: "[IMAGE]", summary: "say what is installed, what is missing, and how to get it",
    details: """
    Checks the Swift toolchain, every package of scripts/bootstrap, the versions that matter, memory, disk, the limits of
    the kernel that the machine relies on, the guest image and the display. What is missing comes with the command that
    mends it; all packages together in one line.
    """,
    options: [imageOption, OptionSpecification("json", nil, "print as JSON")], argumentCount: 0...1,
    examples: [Example("simctl doctor", "before asking why something does not work"), Example("simctl doctor --json", "for a bug report")],
    exitCodes: [(ExitCode.success, "everything needed to build, run and test is there"), (ExitCode.failure, "something is missing")],
    files: [FileNote("scripts/bootstrap", "installs the packages")], seeAlso: ["make setup"], run: doctor)

/// One thing that was looked at.
struct Finding {
    enum State: String { case ok, warning, missing }
    var name: String
    var state: State
    var detail: String
    var wayOut: String
    /// The Debian package that brings it, for the one line.
    var package: String?
}

@Sendable func doctor(_ arguments: ParsedArguments) throws -> Int32 {
    let findings = toolFindings() + packageFindings() + hostFindings() + [imageFinding(arguments), displayFinding()]
    let packages = findings.filter { $0.state == .missing }.compactMap(\.package)
    let install = packages.isEmpty ? nil : "sudo apt-get install -y " + packages.joined(separator: " ")
    let isWhole = !findings.contains { $0.state == .missing }
    if arguments.flag("json") {
        let list = findings.map { ["name": $0.name, "state": $0.state.rawValue, "detail": $0.detail, "fix": $0.state == .ok ? "" : $0.wayOut] as [String: Any] }
        printJSON(["schema": 1, "ok": isWhole, "install": install ?? "", "findings": list])
    } else {
        for f in findings {
            let text = f.state == .ok ? f.detail : [f.detail, f.wayOut].filter { !$0.isEmpty }.joined(separator: "; ")
            print(f.state.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0) + f.name.padding(toLength: 22, withPad: " ", startingAt: 0) + text)
        }
        if let install { print("\nAll missing packages:\n    \(install)") }
    }
    return isWhole ? ExitCode.success : ExitCode.failure
}

// MARK: Toolchain and packages

private func toolFindings() -> [Finding] {
    let swift = "install Swift 6.3 from https://www.swift.org/install/linux/ and put its usr/bin on PATH"
    guard let path = findTool("swiftc") else { return [Finding(name: "Swift toolchain", state: .missing, detail: "", wayOut: swift)] }
    let version = firstLine([path, "--version"])
    let isRight = version.contains("Swift version 6.") && !["6.0", "6.1", "6.2"].contains { version.contains("Swift version \($0)") }
    var findings = [Finding(name: "Swift toolchain", state: isRight ? .ok : .missing, detail: version, wayOut: "version 6.3 is needed; " + swift)]
    do throws(BuildError) {
        let tools = try Toolchain.find()
        findings.append(Finding(name: "guest compiler", state: .ok, detail: "\(tools.clang), \(tools.wasmLinker), Embedded Swift for wasm32", wayOut: ""))
    } catch {
        findings.append(Finding(name: "guest compiler", state: .missing, detail: error.message, wayOut: "see above, or run scripts/bootstrap"))
    }
    return findings
}

/// Names in the list `packages=( … )` of a bootstrap script; comments do not count.
func bootstrapPackages(_ script: String) -> [String] {
    guard let start = script.range(of: "packages=("), let end = script[start.upperBound...].range(of: "\n)") else { return [] }
    return script[start.upperBound..<end.lowerBound].split(separator: "\n").flatMap { line in
        line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
    }
}

private func packageFindings() -> [Finding] {
    let path = projectDirectory().appendingPathComponent("scripts/bootstrap").path
    guard let script = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return bootstrapPackages(script).map { name in
        let version = packageVersion(name)
        return Finding(name: name, state: version == nil ? .missing : .ok, detail: version ?? "", wayOut: "sudo apt-get install -y \(name)", package: name)
    }
}

/// The version of an installed Debian package; nil when it is not installed.
private func packageVersion(_ name: String) -> String? {
    guard let query = findTool("dpkg-query") else { return nil }
    let line = firstLine([query, "-W", "-f=${Status} ${Version}", name])
    let installed = "install ok installed "
    return line.hasPrefix(installed) ? String(line.dropFirst(installed.count)) : nil
}

// MARK: Host

private func hostFindings() -> [Finding] {
    var findings: [Finding] = []
    let cores = ProcessInfo.processInfo.activeProcessorCount, memory = Int(ProcessInfo.processInfo.physicalMemory >> 20)
    findings.append(Finding(name: "processor", state: hostMachine == "x86_64" ? .ok : .missing, detail: "\(hostMachine), \(cores) core\(cores == 1 ? "" : "s")", wayOut: "programs run on x86_64 hosts"))
    findings.append(Finding(name: "memory", state: memory >= 3500 ? .ok : .warning, detail: "\(memory) MiB", wayOut: "building needs about 4 GiB; close other programs or add swap"))
    let free = (try? FileManager.default.attributesOfFileSystem(forPath: projectDirectory().path)[.systemFreeSize] as? Int).flatMap { $0 } ?? 0
    findings.append(Finding(name: "disk", state: free >= 6 << 30 ? .ok : .warning, detail: "\(free >> 20) MiB free", wayOut: "a build from nothing takes about 6 GiB; 'make clean' frees what was built"))
    let mappings = (try? String(contentsOfFile: "/proc/sys/vm/max_map_count", encoding: .utf8)).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? 0
    findings.append(Finding(name: "vm.max_map_count", state: mappings >= 65530 ? .ok : .warning, detail: "\(mappings)", wayOut: "guests of several GiB need 65530: sudo sysctl -w vm.max_map_count=65530"))
    findings.append(memoryFileFinding())
    return findings
}

/// Guest RAM is one memfd, and each process reserves 8 GiB of address space.
private func memoryFileFinding() -> Finding {
    do throws(MachineError) { _ = try GuestRAM(byteCount: 64 << 20) } catch {
        return Finding(name: "memfd", state: .missing, detail: error.message, wayOut: "Linux 3.17 or later and 64 MiB of free memory are needed")
    }
    let byteCount = 8 << 30
    guard let space = mmap(nil, byteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), space != MAP_FAILED else {
        return Finding(name: "memfd", state: .missing, detail: "8 GiB of address space cannot be reserved", wayOut: "ulimit -v unlimited")
    }
    munmap(space, byteCount)
    return Finding(name: "memfd", state: .ok, detail: "guest RAM and 8 GiB of address space can be had", wayOut: "")
}

private var hostMachine: String {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: &name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

private func imageFinding(_ arguments: ParsedArguments) -> Finding {
    do {
        let image = try loadImage(arguments)
        if let gone = image.missing.first { return Finding(name: "guest image", state: .missing, detail: "\(image.location(gone).path) is gone", wayOut: "make image") }
        let sources = SystemIdentity.hash(root: projectDirectory()).map { hexadecimal($0) }
        if !image.system.isEmpty, let sources, sources != image.system {
            return Finding(name: "guest image", state: .warning, detail: "built before the simulator's sources were changed", wayOut: "make image")
        }
        return Finding(name: "guest image", state: .ok, detail: "\(image.directory.path) (\(hexadecimal(image.hash)))", wayOut: "")
    } catch { return Finding(name: "guest image", state: .missing, detail: (error as? CommandFailure)?.message ?? "\(error)", wayOut: "make image") }
}

private func displayFinding() -> Finding {
    Finding(name: "display", state: hasDisplay ? .ok : .warning, detail: hasDisplay ? "a window can open" : "none", wayOut: "not needed with --headless; over ssh use 'ssh -X', or 'xvfb-run simctl run'")
}

// MARK: Small tools

private func findTool(_ tool: String) -> String? {
    for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
        let path = "\(folder)/\(tool)"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    return nil
}

private func firstLine(_ command: [String]) -> String {
    let task = Process(), pipe = Pipe()
    task.executableURL = URL(fileURLWithPath: command[0])
    task.arguments = Array(command.dropFirst())
    task.standardOutput = pipe
    task.standardError = FileHandle.nullDevice
    guard (try? task.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    task.waitUntilExit()
    return String(String(decoding: data, as: UTF8.self).split(separator: "\n").first ?? "")
}
