// The numbers that tune a policy. Each policy names its own with default, least and greatest value; unknown keys and values
// out of range are errors that say what there is.

/// One tunable number of a policy.
public struct PolicyParameter: Sendable {
    public let key: String
    /// What it does, with its unit.
    public let summary: String
    public let defaultValue: Int, minimum: Int, maximum: Int
    init(_ key: String, _ defaultValue: Int, _ range: ClosedRange<Int>, _ summary: String) {
        self.key = key; self.defaultValue = defaultValue; self.summary = summary
        minimum = range.lowerBound; maximum = range.upperBound
    }
}

/// What is wrong with the name or a parameter of a policy.
public struct PolicyError: Error, Equatable {
    public let message: String
    init(_ message: String) { self.message = message }
}

/// Keys with values in the order in which they were set; what is missing has its default.
public struct PolicyParameters: Sendable, Equatable {
    public struct Entry: Sendable, Equatable { public let key: String; public var value: Int }
    public private(set) var entries: [Entry] = []
    public init() {}

    /// Sets a value; a later one wins.
    public mutating func set(_ key: String, _ value: Int) {
        for i in entries.indices where entries[i].key == key {
            entries[i].value = value
            return
        }
        entries.append(Entry(key: key, value: value))
    }
    public subscript(_ key: String) -> Int? {
        for e in entries where e.key == key { return e.value }
        return nil
    }

    /// Reads `key=value,key=value`; an empty text gives no entry.
    public static func parse(_ text: String) throws(PolicyError) -> PolicyParameters {
        var result = PolicyParameters()
        if text.isEmpty { return result }
        for item in pieces(text, separator: UInt8(ascii: ",")) {
            let parts = pieces(item, separator: UInt8(ascii: "="))
            guard parts.count == 2, !parts[0].isEmpty, let value = Int(parts[1]) else {
                throw PolicyError("a parameter is written key=number, not '\(item)'")
            }
            result.set(parts[0], value)
        }
        return result
    }
    /// As `parse` reads it.
    public var text: String {
        var s = ""
        for e in entries { s += (s.isEmpty ? "" : ",") + "\(e.key)=\(e.value)" }
        return s
    }
    /// The values for `parameters`, in their order.
    func values(for parameters: [PolicyParameter], policy: String) throws(PolicyError) -> PolicyValues {
        for e in entries {
            guard let p = parameters.first(where: { $0.key == e.key }) else { throw unknown(e.key, parameters, policy) }
            guard e.value >= p.minimum, e.value <= p.maximum else {
                throw PolicyError("\(policy): \(p.key) is a whole number from \(p.minimum) to \(p.maximum), not \(e.value)")
            }
        }
        var numbers: [Int] = []
        for p in parameters { numbers.append(self[p.key] ?? p.defaultValue) }
        return PolicyValues(parameters: parameters, numbers: numbers)
    }
    private func unknown(_ key: String, _ parameters: [PolicyParameter], _ policy: String) -> PolicyError {
        if parameters.isEmpty { return PolicyError("\(policy) has no parameters, so '\(key)' cannot be set") }
        var known = ""
        for p in parameters { known += (known.isEmpty ? "" : ", ") + "\(p.key) (\(p.minimum) to \(p.maximum), default \(p.defaultValue))" }
        return PolicyError("\(policy) has no parameter '\(key)'; there are: \(known)")
    }
}

/// Checked values of all parameters of one policy.
struct PolicyValues {
    let parameters: [PolicyParameter]
    let numbers: [Int]
    /// The value of a parameter that the policy's own description names.
    subscript(_ key: String) -> Int {
        for i in parameters.indices where parameters[i].key == key { return numbers[i] }
        fatalError("a policy asks for a parameter that it does not describe")
    }
    func frames(_ key: String) -> UInt32 { UInt32(clamping: self[key]) }
    /// A parameter in seconds, as nanoseconds.
    func seconds(_ key: String) -> UInt64 { UInt64(clamping: self[key]).multipliedClamped(1_000_000_000) }
    /// A parameter in milliseconds, as nanoseconds.
    func milliseconds(_ key: String) -> UInt64 { UInt64(clamping: self[key]).multipliedClamped(1_000_000) }
}

/// The parts of a text between separators, at the level of bytes.
func pieces(_ text: String, separator: UInt8) -> [String] {
    var parts: [String] = [], current: [UInt8] = []
    for byte in text.utf8 {
        if byte == separator {
            parts.append(String(decoding: current, as: UTF8.self))
            current = []
        } else { current.append(byte) }
    }
    parts.append(String(decoding: current, as: UTF8.self))
    return parts
}
