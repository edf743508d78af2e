// Turns what the kernel's hook sees of a system call into a record: names and kinds of arguments come from the table of
// system calls, what pointers point to from the process's memory, looked at without any effect. Invariant: nothing here
// changes machine, kernel or guest; a run with a tracer has the hashes of one without.

import ABI
import Kernel

/// Follows the calls of one machine.
public final class CallTracer {
    /// As much of a string or buffer as a line shows.
    static let shownByteCountMax = 48
    static let shownItemCountMax = 16

    private let filter: CallFilter
    private unowned let kernel: Kernel
    private let body: (CallRecord) -> Void
    /// Calls that blocked: the kernel dispatches them again, which is not shown until they are done.
    private var blocked: [UInt32: (number: Int32, since: UInt64)] = [:]
    private var names: [UInt32: String] = [:]
    private var parameters: [Int32: [Parameter]] = [:]
    private struct Parameter { var name: String; var type: String }

    init(_ filter: CallFilter, _ kernel: Kernel, _ body: @escaping (CallRecord) -> Void) {
        self.filter = filter
        self.kernel = kernel
        self.body = body
        kernel.onCall = { [unowned self] pid, a, outcome, now in see(pid, a, outcome, now) }
    }

    private func see(_ pid: UInt32, _ a: SystemCallArguments, _ outcome: CallOutcome, _ now: UInt64) {
        let name = name(pid)
        guard filter.wants(pid: pid, name: name, number: a.number) else { return }
        let earlier = blocked[pid].flatMap { $0.number == a.number ? $0.since : nil }
        if outcome == .blocked {
            if earlier != nil { return }
            blocked[pid] = (a.number, now)
        } else { blocked[pid] = nil }
        let call = SystemCall(rawValue: a.number)
        let isDone: Bool, result: Int64
        if case .value(let v) = outcome { isDone = true; result = v } else { isDone = false; result = 0 }
        body(CallRecord(tick: now, pid: pid, process: name, number: a.number, call: call?.name ?? "call \(a.number)",
                        arguments: call.map { arguments($0, pid, a, isDone ? result : nil) } ?? unknown(a), outcome: outcome,
                        isAddress: call?.row.signature.hasSuffix("-> address") ?? false, blockedNanoseconds: outcome == .blocked ? nil : earlier.map { now - $0 }))
    }
    private func name(_ pid: UInt32) -> String {
        if let known = names[pid] { return known }
        guard let name = kernel.inspectName(pid: pid) else { return "?" }
        names[pid] = name
        return name
    }
    private func unknown(_ a: SystemCallArguments) -> [CallRecord.Argument] {
        [a.a0, a.a1, a.a2, a.a3, a.a4, a.a5].enumerated().map { CallRecord.Argument(name: "a\($0)", value: $1, text: "\($1)") }
    }

    // MARK: Arguments

    /// Parameters of a signature `(name, name: type) -> result`.
    private func parameters(_ call: SystemCall) -> [Parameter] {
        if let known = parameters[call.rawValue] { return known }
        let inside = call.row.signature.dropFirst().prefix { $0 != ")" }
        let list = inside.split(separator: ",").map { part -> Parameter in
            let pieces = part.split(separator: ":").map { $0.filter { $0 != " " } }
            return Parameter(name: pieces[0], type: pieces.count > 1 ? pieces[1] : "")
        }
        parameters[call.rawValue] = list
        return list
    }
    private func arguments(_ call: SystemCall, _ pid: UInt32, _ a: SystemCallArguments, _ result: Int64?) -> [CallRecord.Argument] {
        let values = [a.a0, a.a1, a.a2, a.a3, a.a4, a.a5], list = parameters(call)
        return list.indices.map { i in
            let next = i + 1 < list.count ? values[i + 1] : 0
            return CallRecord.Argument(name: list[i].name, value: values[i], text: text(call, list[i], values[i], next, pid, result))
        }
    }
    private func text(_ call: SystemCall, _ p: Parameter, _ v: Int64, _ next: Int64, _ pid: UInt32, _ result: Int64?) -> String {
        switch (p.name, p.type) {
        case ("pointer", _): return buffer(call, v, next, pid, result)
        case ("name", _): return string(pid, v, next)
        case ("address", _): return Self.hexadecimal(v)
        case ("deadline", _): return v < 0 ? "never" : "\(v)"
        case ("rights", _): return Self.flags(Rights(rawValue: UInt32(truncatingIfNeeded: v)).names)
        case ("signals", _): return Self.signals(UInt32(truncatingIfNeeded: v))
        case ("isWritable", _), ("isSignaled", _): return v == 0 ? "false" : "true"
        case ("kind", "") where call == .deviceOpen: return DeviceKind(rawValue: Int32(truncatingIfNeeded: v)).map { "\($0)" } ?? "\(v)"
        case (_, "MarkKind"): return MarkKind(rawValue: Int32(truncatingIfNeeded: v)).map { "\($0)" } ?? "\(v)"
        case (_, "LifecycleState"): return LifecycleState(rawValue: Int32(truncatingIfNeeded: v))?.name ?? "\(v)"
        case (_, "TabFlags"): return Self.tabFlags(UInt32(truncatingIfNeeded: v))
        case (_, "WaitItem[]"): return waitItems(pid, v, next, result)
        case (_, "u32[]"): return words(pid, v, count: next)
        case ("handlesOut", _): return result == nil ? Self.hexadecimal(v) : words(pid, v, count: Int64(word(pid, next) ?? 0))
        case (_, "u32[2]"): return result == nil ? Self.hexadecimal(v) : words(pid, v, count: 2)
        case (_, "u32[4]"): return result == nil ? Self.hexadecimal(v) : words(pid, v, count: 4)
        case (_, "u32"): return result == nil ? Self.hexadecimal(v) : word(pid, v).map { "[\($0)]" } ?? Self.hexadecimal(v)
        case (_, ""): return "\(v)"
        default: return Self.hexadecimal(v)          // a record's address
        }
    }
    /// What a pointer points to: what goes in, or what has come out.
    private func buffer(_ call: SystemCall, _ address: Int64, _ count: Int64, _ pid: UInt32, _ result: Int64?) -> String {
        switch call {
        case .pageRelease: return Self.hexadecimal(address)
        case .channelReceive, .netReceive, .consoleRead, .blockRead: return result.map { string(pid, address, min($0, count)) } ?? Self.hexadecimal(address)
        case .random: return result == nil ? Self.hexadecimal(address) : string(pid, address, count)
        default: return string(pid, address, count)
        }
    }
    private func string(_ pid: UInt32, _ address: Int64, _ count: Int64) -> String {
        guard count >= 0, let bytes = kernel.peek(pid: pid, address: address, count: Int(min(count, Int64(Self.shownByteCountMax)))) else { return Self.hexadecimal(address) }
        return Self.quoted(bytes) + (count > Int64(bytes.count) ? "..." : "")
    }
    private func word(_ pid: UInt32, _ address: Int64) -> UInt32? {
        kernel.peek(pid: pid, address: address, count: 4).map { b in UInt32(b[0]) | UInt32(b[1]) << 8 | UInt32(b[2]) << 16 | UInt32(b[3]) << 24 }
    }
    private func words(_ pid: UInt32, _ address: Int64, count: Int64) -> String {
        if count <= 0 { return "[]" }
        var items: [String] = []
        for i in 0..<min(count, Int64(Self.shownItemCountMax)) {
            guard let w = word(pid, address + 4 * i) else { return Self.hexadecimal(address) }
            items.append("\(w)")
        }
        return "[" + items.joined(separator: ", ") + (count > Int64(items.count) ? ", ..." : "") + "]"
    }
    /// Handle, signals wanted, and behind an arrow those observed.
    private func waitItems(_ pid: UInt32, _ address: Int64, _ count: Int64, _ result: Int64?) -> String {
        var items: [String] = []
        for i in 0..<max(0, min(count, Int64(Self.shownItemCountMax))) {
            let place = address + Int64(WaitItem.byteCount) * i
            guard let handle = word(pid, place), let wanted = word(pid, place + 4), let observed = word(pid, place + 8) else { return Self.hexadecimal(address) }
            items.append("\(handle) \(Self.signals(wanted))" + (result != nil && observed != 0 ? " -> \(Self.signals(observed))" : ""))
        }
        return "[" + items.joined(separator: ", ") + (count > Int64(items.count) ? ", ..." : "") + "]"
    }

    // MARK: Text

    static func hexadecimal(_ v: Int64) -> String { "0x" + String(UInt64(bitPattern: v), radix: 16) }
    static func quoted(_ bytes: [UInt8]) -> String {
        var text = "\""
        for b in bytes {
            switch b {
            case 10: text += "\\n"
            case 13: text += "\\r"
            case 9: text += "\\t"
            case 34, 92: text += "\\" + String(UnicodeScalar(b))
            case 32..<127: text += String(UnicodeScalar(b))
            default: text += "\\x" + (b < 16 ? "0" : "") + String(b, radix: 16)
            }
        }
        return text + "\""
    }
    private static func flags(_ names: String) -> String { names.isEmpty ? "0" : names.replacing(", ", with: "|") }
    private static func bits(_ value: UInt32, _ names: [(UInt32, String)]) -> String {
        var rest = value, parts: [String] = []
        for (bit, name) in names where value & bit != 0 {
            parts.append(name)
            rest &= ~bit
        }
        if rest != 0 { parts.append("0x" + String(rest, radix: 16)) }
        return parts.isEmpty ? "0" : parts.joined(separator: "|")
    }
    private static func signals(_ value: UInt32) -> String {
        bits(value, [(Signals.readable.rawValue, "readable"), (Signals.writable.rawValue, "writable"), (Signals.peerClosed.rawValue, "peerClosed"),
                     (Signals.signaled.rawValue, "signaled"), (Signals.terminated.rawValue, "terminated")])
    }
    private static func tabFlags(_ value: UInt32) -> String {
        bits(value, [(TabFlags.audible.rawValue, "audible"), (TabFlags.pinned.rawValue, "pinned"), (TabFlags.unsavedForm.rawValue, "unsavedForm"), (TabFlags.loading.rawValue, "loading")])
    }
}

extension Simulation {
    /// Calls `body` for every system call that `filter` wants, in order; nil ends it. Changes nothing in the machine.
    public func traceCalls(_ filter: CallFilter?, _ body: @escaping (CallRecord) -> Void = { _ in }) {
        callTracer = filter.map { CallTracer($0, kernel, body) }
        if filter == nil { kernel.onCall = nil }
    }
}
