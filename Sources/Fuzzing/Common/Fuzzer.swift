// Owns what every fuzzer has in common: cases, each with a seed of its own from which it can be run again alone.
import Machine

/// Something that must not happen did.
public struct FuzzFailure: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
}

/// One entry of `make fuzz`. A fuzzer is made once and runs many cases; a case depends on its seed alone.
public protocol Fuzzer: AnyObject {
    /// Operations of one whole case: what `--operations` counts.
    var caseOperationCount: Int { get }
    /// Runs one case. Throws what was found; a crash is found as well.
    func run(seed: UInt64, operations: Int) throws
    /// What the cases so far have reached, as lines for people: how deep it went, what was refused why.
    var coverage: [String] { get }
}

/// How an entry of `make fuzz` is found and made.
public struct FuzzEntry: Sendable {
    public let name: String
    public let summary: String
    /// What a run without options does.
    public let operationCount: Int
    /// `hasCanary`: with a planted bug, which must be found.
    public let make: @Sendable (_ hasCanary: Bool) throws -> any Fuzzer
    public init(name: String, summary: String, operationCount: Int, make: @escaping @Sendable (_ hasCanary: Bool) throws -> any Fuzzer) {
        self.name = name
        self.summary = summary
        self.operationCount = operationCount
        self.make = make
    }
}

/// What a run of one entry did.
public struct FuzzRun: Sendable {
    public var operations = 0, cases = 0
    public var seconds = 0.0
}

/// Counts by name, in the order in which names were given.
public struct FuzzTally {
    public private(set) var names: [String] = []
    public private(set) var counts: [String: Int] = [:]
    public init(_ names: [String] = []) { for name in names { add(name, 0) } }
    public mutating func add(_ name: String, _ count: Int = 1) {
        if counts[name] == nil { names.append(name) }
        counts[name, default: 0] += count
    }
    public subscript(name: String) -> Int { counts[name] ?? 0 }
    public var lines: [String] { names.map { "  " + $0.padded(56) + "\(self[$0])".padded(10, isRight: true) } }
}

extension String {
    package func padded(_ width: Int, isRight: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - count))
        return isRight ? space + self : self + space
    }
}
