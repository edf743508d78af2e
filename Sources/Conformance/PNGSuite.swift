// PNG pictures against reference pixels: a list of checksums made with libpng, and the suite's own rule that the
// interlaced picture `iNAME.png` has exactly the pixels of `NAME.png`.
import Foundation
import Images

extension Conformance {
    /// Decodes every `.png` below a directory. References: `name width height hash` lines (FNV-1a of the RGBA bytes,
    /// sixteen-bit samples by their high byte) from `references`, from `png-reference.txt` in the directory, or from
    /// this package's tests. A picture without a reference or twin passes when it decodes whole.
    public static func runPNG(directory: String, references: String? = nil, say: (String) -> Void = { print($0) }) -> Summary {
        let known = readReferences(references ?? referencePath(directory))
        var passed = 0, unchecked = 0
        var failures: [Failure] = []
        var hashes: [String: String] = [:]
        let names = files(in: directory, withExtension: "png")
        for name in names {
            let bytes = [UInt8](FileManager.default.contents(atPath: directory + "/" + name) ?? Data())
            hashes[name] = describe(bytes)
        }
        for name in names {
            let actual = hashes[name] ?? ""
            let base = (name as NSString).lastPathComponent
            let twin = base.hasPrefix("i") ? String(name.dropLast(base.count)) + base.dropFirst() : ""
            let expected = [known[base], hashes[twin]].compactMap { $0 }
            if let wrong = expected.first(where: { $0 != actual }) {
                failures.append(Failure(name: name, actual: actual, expected: wrong))
            } else if actual.hasPrefix("error") {
                failures.append(Failure(name: name, actual: actual, expected: "a picture"))
            } else {
                passed += 1
                if expected.isEmpty { unchecked += 1 }
            }
        }
        if unchecked > 0 { say("\(unchecked) pictures have no reference: decoded only") }
        return conclude(passed, failures, ledger: nil, ran: Set(names), say: say)
    }

    /// Width, height and hash of a picture's pixels, or the error.
    private static func describe(_ bytes: [UInt8]) -> String {
        do {
            let picture = try PNGDecoder.decode(bytes)
            var rgba: [UInt8] = []
            rgba.reserveCapacity(picture.pixels.count * 4)
            for p in picture.pixels {
                for shift in [16, 8, 0, 24] as [UInt32] { rgba.append(UInt8(truncatingIfNeeded: p >> shift)) }
            }
            return "\(picture.width) \(picture.height) \(String(fnv(bytes: rgba), radix: 16))"
        } catch {
            return "error \(error)"
        }
    }

    private static func referencePath(_ directory: String) -> String {
        let own = directory + "/png-reference.txt"
        if FileManager.default.fileExists(atPath: own) { return own }
        let here = "Tests/ImagesTests/png-reference.txt"
        if FileManager.default.fileExists(atPath: here) { return here }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../" + here).standardized.path
    }

    private static func readReferences(_ path: String) -> [String: String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
        var result: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { result[String(words[0])] = String(words[1]) }
        }
        return result
    }
}
