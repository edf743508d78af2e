// Owns the mutation of examples: an input that is almost right gets further than noise. Everything follows from the seed.
import Glibc
import Machine

/// Examples of a format, and the words that mean something in it.
public struct Corpus: Sendable {
    public var examples: [[UInt8]]
    public var words: [[UInt8]]
    public init(examples: [[UInt8]], words: [String]) {
        self.examples = examples
        self.words = words.map { Array($0.utf8) }
    }

    /// The files below the project's `folder` that end in one of `suffixes`, in the order of their names.
    public static func files(_ folder: String, _ suffixes: [String]) throws -> [[UInt8]] {
        let path = projectPath + folder
        guard let directory = opendir(path) else { throw FuzzFailure(description: "there is no folder \(path)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if suffixes.contains(where: { name.hasSuffix($0) }) { names.append(name) }
        }
        return try names.sorted().map { try read(path + "/" + $0) }
    }

    public static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw FuzzFailure(description: "cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = [], piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
        return bytes
    }
    public static let projectPath: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)                    // Sources/Fuzzing/Common/ByteMutator.swift
        return parts.joined(separator: "/") + "/"
    }()
}

extension SeededRandom {
    public mutating func pick<T>(_ list: [T]) -> T { list[Int(below(UInt64(list.count)))] }
    /// 0..<bound, small ones more often.
    public mutating func small(_ bound: Int) -> Int { Int(below(1 + below(UInt64(max(1, bound))))) }
}

/// Breaks an example in some places.
public enum ByteMutator {
    /// One to `countMax` changes; never longer than `byteCountMax`.
    public static func mutate(_ bytes: [UInt8], _ corpus: Corpus, _ random: inout SeededRandom, countMax: Int = 12, byteCountMax: Int = 1 << 17) -> [UInt8] {
        var out = bytes
        for _ in 0...random.small(countMax) { change(&out, corpus, &random) }
        if out.count > byteCountMax { out.removeLast(out.count - byteCountMax) }
        return out
    }

    private static func change(_ out: inout [UInt8], _ corpus: Corpus, _ random: inout SeededRandom) {
        if out.isEmpty { out = random.pick(corpus.examples) }
        let at = Int(random.below(UInt64(out.count))), length = 1 + random.small(min(400, out.count - at))
        let end = min(out.count, at + length)
        switch random.below(13) {
        case 0: out[at] ^= UInt8(1 << random.below(8))
        case 1: out[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x3c, 0x26, 0xc3, 0xef, 0xf4])
        case 2: out[at] = UInt8(truncatingIfNeeded: random.next())
        case 3: out.removeSubrange(at..<end)
        case 4: out.insert(contentsOf: out[at..<end], at: at)
        case 5: out.insert(contentsOf: random.pick(corpus.words), at: at)
        case 6:                                     // another example's piece in this one's place
            let other = random.pick(corpus.examples)
            if other.isEmpty { return }
            let from = Int(random.below(UInt64(other.count)))
            out.replaceSubrange(at..<end, with: other[from..<min(other.count, from + 1 + random.small(600))])
        case 7:                                     // one piece many times
            let piece = random.below(2) == 0 ? random.pick(corpus.words) : Array(out[at..<min(end, at + 40)])
            let count = random.below(12) == 0 ? 1 + random.small(3000) : 1 + random.small(40)
            out.insert(contentsOf: (0..<count).flatMap { _ in piece }, at: at)
        case 8: number(&out, at, &random)
        case 9: out.removeLast(random.small(out.count))
        case 10:                                    // two pieces change places
            let other = Int(random.below(UInt64(out.count)))
            let piece = Array(out[other..<min(out.count, other + length)])
            out.replaceSubrange(at..<end, with: piece)
        case 11: for i in at..<min(end, at + 4) { out[i] = random.pick([0, 0xff, 0x80, 0x7f]) }
        default: out.replaceSubrange(at..<end, with: random.pick(corpus.words))
        }
    }

    /// The next number in decimal digits becomes one that is likely to hurt.
    private static func number(_ out: inout [UInt8], _ from: Int, _ random: inout SeededRandom) {
        guard let start = out[from...].firstIndex(where: { $0 >= 48 && $0 <= 57 }) else { return }
        let end = out[start...].firstIndex { $0 < 48 || $0 > 57 } ?? out.count
        let numbers = ["0", "1", "-1", "255", "256", "65536", "2147483647", "-2147483648", "4294967296", "99999999999999999999", "1e30", "0.0000001", "1e-30", "-0", "3.999999"]
        out.replaceSubrange(start..<end, with: Array(random.pick(numbers).utf8))
    }
}
