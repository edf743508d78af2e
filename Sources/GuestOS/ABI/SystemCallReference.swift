// The reference page of the system calls, made from their table. `docs/reference/system-calls.md` is its text; a test
// compares the two.

public enum SystemCallReference {
    /// The whole page, Markdown.
    public static var page: String {
        var text = """
            # System calls

            A program calls the import `kernel.syscall(number: i32, a0…a5: i64) -> i64`. A result of 0 or more is the value; a negative one is minus the number of an error. Pointers are offsets in the caller's linear memory; a bad one gives `bad address`. A call that cannot finish blocks the caller; nothing is changed before it can.

            The object column says what the first argument must be a handle of, and the rights that it must carry: another kind of object or no object gives `bad handle`, a missing right `access denied`. Handles are closed, moved and revoked as `docs/internals/kernel.md` says.

            """
        for (title, numbers) in sections {
            text += "\n## \(title)\n\n| No. | Call | Object and rights | What it does |\n|---|---|---|---|\n"
            for call in SystemCall.allCases where numbers.contains(call.rawValue) { text += line(call) }
        }
        text += "\n## Errors\n\n| No. | Error |\n|---|---|\n"
        var number: Int32 = 1
        while let e = SystemError(rawValue: number) {
            text += "| \(number) | \(e.name) |\n"
            number += 1
        }
        return text
    }
    private static let sections: [(String, ClosedRange<Int32>)] = [
        ("The process itself", 0...9), ("Handles and channels", 10...19), ("Shared memory", 20...29), ("Time, events, waiting", 30...39),
        ("Services", 40...49), ("Processes", 50...59), ("Devices", 60...69), ("Memory management and measurement", 70...79), ("The data disk", 80...89),
    ]
    private static func line(_ call: SystemCall) -> String {
        let row = call.row
        var object = ""
        if let kind = row.kind { object = kind.name + ": " + row.rights.names }
        return "| \(call.rawValue) | `\(row.name)\(row.signature)` | \(object) | \(row.summary) |\n"
    }
}

extension Rights {
    /// The rights' names, comma-separated, in the order of their bits.
    public var names: String {
        let all: [(Rights, String)] = [(.read, "read"), (.write, "write"), (.map, "map"), (.send, "send"), (.receive, "receive"),
                                       (.duplicate, "duplicate"), (.transfer, "transfer"), (.manage, "manage")]
        var text = ""
        for (right, name) in all where contains(right) { text += (text.isEmpty ? "" : ", ") + name }
        return text
    }
}
