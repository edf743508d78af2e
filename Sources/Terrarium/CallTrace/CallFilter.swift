// Which system calls of which processes a call trace shows: `--strace-of`, `--strace-calls`, and `strace` at the prompt.

import ABI

/// Processes by name or number, calls by name or group. The empty filter wants everything.
public struct CallFilter: Codable, Equatable, Sendable {
    /// Empty: all processes.
    public private(set) var names: [String] = []
    public private(set) var pids: [UInt32] = []
    /// Numbers of the calls; nil: all, also numbers that are no call.
    public private(set) var calls: [Int32]?

    /// Groups of calls, by the ranges of their numbers.
    public static let groups = ["channel", "device", "disk", "handle", "mark", "memory", "process", "service", "tab", "time", "wait"]

    /// `processes`: names and numbers; `calls`: names and groups, all but these behind a `!`. Both separated by commas; nil
    /// wants all. Throws `TerrariumError` (badData) with a suggestion.
    public init(processes: String? = nil, calls: String? = nil) throws(TerrariumError) {
        for word in Self.words(processes) {
            if let pid = UInt32(word) { pids.append(pid) } else { names.append(word) }
        }
        if let processes, names.isEmpty && pids.isEmpty { throw TerrariumError(.badData, "'\(processes)' names no process; give names or numbers, separated by commas") }
        guard let calls else { return }
        let isInverse = calls.hasPrefix("!")
        var wanted: [Int32] = []
        for word in Self.words(isInverse ? String(calls.dropFirst()) : calls) {
            let found = SystemCall.allCases.filter { $0.name == word || Self.group($0) == word }
            if found.isEmpty { throw TerrariumError(.badData, Self.unknown(word)) }
            wanted += found.map(\.rawValue)
        }
        if wanted.isEmpty { throw TerrariumError(.badData, "'\(calls)' names no call; groups are: \(Self.groups.joined(separator: ", "))") }
        self.calls = SystemCall.allCases.map(\.rawValue).filter { wanted.contains($0) != isInverse }
    }
    private static func words(_ text: String?) -> [String] { (text ?? "").split(separator: ",").map { $0.trimmingPrefix(while: { $0 == " " }).description } }
    private static func unknown(_ word: String) -> String {
        let hint = closest(to: word, among: SystemCall.allCases.map(\.name) + groups).map { ". Did you mean '\($0)'?" } ?? "."
        return "there is no system call or group '\(word)'\(hint) Groups are: \(groups.joined(separator: ", ")); calls: docs/reference/system-calls.md"
    }
    static func group(_ call: SystemCall) -> String {
        switch call.rawValue {
        case SystemCall.pageRelease.rawValue, SystemCall.memoryInfo.rawValue, 20...29: "memory"
        case SystemCall.clock.rawValue, SystemCall.wallClock.rawValue, 30...33: "time"
        case 0...9, 50...59: "process"
        case 12...14: "channel"
        case 10...19: "handle"
        case 34...39: "wait"
        case 40...49: "service"
        case 60...69: "device"
        case SystemCall.mark.rawValue: "mark"
        case 70...79: "tab"
        case 80...89: "disk"
        default: "other"
        }
    }

    func wants(pid: UInt32, name: String, number: Int32) -> Bool {
        if let calls, !calls.contains(number) { return false }
        return (names.isEmpty && pids.isEmpty) || pids.contains(pid) || names.contains(name)
    }
}
