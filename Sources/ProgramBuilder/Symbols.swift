// Names for the offsets that `CPU.trace` gives: the shared object's symbols carry function indices, the `.names` file
// beside it the module's own names. For messages to people.

import Foundation

extension ProgramBuilder {
    /// One line per offset, `function` demangled where possible; "?" when nothing is known.
    public static func symbols(sharedObject path: String, offsets: [UInt64]) -> [String] {
        guard let tools = try? Toolchain.find() else { return offsets.map { _ in "?" } }
        let directory = URL(fileURLWithPath: tools.clang).deletingLastPathComponent().path
        let table = symbolTable(runCommand([directory + "/llvm-nm", "-n", "--defined-only", path], timeoutSeconds: 30).output)
        let names = functionNames(String(path.dropLast(3)) + ".names")
        let found = offsets.map { offset -> String in
            let i = table.partitioningIndex { $0.address > offset }
            guard i > 0 else { return "?" }
            let symbol = table[i - 1].name
            guard symbol.hasPrefix("w2c_f"), let index = Int(symbol.dropFirst(5).prefix { $0.isNumber }) else { return symbol }
            return names[index] ?? symbol
        }
        let mangled = found.filter { $0.hasPrefix("$") }
        if mangled.isEmpty { return found }
        let demangled = runCommand([directory + "/swift-demangle", "--simplified", "--compact"] + mangled, timeoutSeconds: 30)
        var lines = demangled.output.split(separator: "\n").map(String.init)
        guard demangled.status == 0, lines.count == mangled.count else { return found }
        return found.map { $0.hasPrefix("$") ? lines.removeFirst() : $0 }
    }

    private static func symbolTable(_ text: String) -> [(address: UInt64, name: String)] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, words[1] == "t" || words[1] == "T", let address = UInt64(words[0], radix: 16) else { return nil }
            return (address, String(words[2]))
        }
    }
    private static func functionNames(_ path: String) -> [Int: String] {
        var names: [Int: String] = [:]
        for line in (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? [] {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2, let index = Int(words[0]) { names[index] = String(words[1]) }
        }
        return names
    }
}

extension Array {
    /// The first index whose element satisfies `predicate`, in an array sorted by it.
    func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
        var low = 0, high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
