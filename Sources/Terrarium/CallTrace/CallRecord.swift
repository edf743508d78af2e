// One traced system call, as a line for people (in the manner of strace(1)) and as a JSON object.

import Foundation
import Kernel
import Machine

public struct CallRecord: Sendable {
    /// Nanoseconds since power-on when the kernel was done with the call.
    public var tick: UInt64
    public var pid: UInt32
    public var process: String
    public var number: Int32
    /// The call's name, or `call N` for a number that is none.
    public var call: String
    public var arguments: [Argument]
    public var outcome: CallOutcome
    /// The value is an address.
    public var isAddress: Bool
    /// How long the caller had been blocked in it; nil when it was not.
    public var blockedNanoseconds: UInt64?

    public struct Argument: Sendable {
        public var name: String
        /// As the program passed it: a number, a handle or an offset in its memory.
        public var value: Int64
        /// What it means: text, names of flags, what it points to.
        public var text: String
    }

    /// `0.012345678  init[1]  serviceConnect("net", 3) = 7`.
    public var line: String {
        let who = "\(process)[\(pid)]", time = Tick(nanoseconds: tick).text
        var text = String(repeating: " ", count: max(0, 13 - time.count)) + time + "  " + who + String(repeating: " ", count: max(1, 14 - who.count))
        text += call + "(" + arguments.map(\.text).joined(separator: ", ") + ")"
        switch outcome {
        case .value(let v): text += " = " + (isAddress ? CallTracer.hexadecimal(v) : "\(v)")
        case .failed(let e): text += " = -\(e.rawValue) (\(e.name))"
        case .blocked: text += " ..."
        case .ended: text += " = ?"
        }
        if let blockedNanoseconds { text += " <blocked \(Tick(nanoseconds: blockedNanoseconds).text) s>" }
        return text
    }

    /// One line of JSON (docs/formats/command-output.md).
    public var json: String {
        var object: [String: Any] = ["tick_ns": tick, "pid": pid, "process": process, "call": call, "number": number,
                                     "arguments": arguments.map { ["name": $0.name, "value": $0.value, "text": $0.text] as [String: Any] }]
        switch outcome {
        case .value(let v): object["outcome"] = "value"; object["result"] = v
        case .failed(let e): object["outcome"] = "failed"; object["result"] = -Int64(e.rawValue); object["error"] = e.name
        case .blocked: object["outcome"] = "blocked"
        case .ended: object["outcome"] = "ended"
        }
        if let blockedNanoseconds { object["blocked_ns"] = blockedNanoseconds }
        let data = (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
