// Pictures of every format against reference pixels: a list of checksums that scripts/image-reference.py makes with
// Pillow (libjpeg-turbo, libwebp, libpng).
import Foundation
import Images

extension Conformance {
    /// The list looked for in a folder of pictures.
    public static let imageReferenceName = "image-reference.txt"

    /// Decodes every file below a directory that begins like a picture. References, one a line: `path width height
    /// hash`, the hash being FNV-1a of the RGBA bytes with straight alpha, all four zero where alpha is; or
    /// `path refused` where the reference decoder gives no picture, so that ours may give one or an error. A picture
    /// without a reference passes when it decodes.
    public static func runImages(directory: String, references: String? = nil, ledger: String? = nil, say: (String) -> Void = { print($0) }) -> Summary {
        let known = readImageReferences(references ?? directory + "/" + imageReferenceName)
        var failures: [Failure] = [], ran: Set<String> = [], groups: [String: Summary.Group] = [:]
        var foreign = 0
        for name in files(in: directory, withExtension: nil) where name != imageReferenceName {
            let bytes = [UInt8](FileManager.default.contents(atPath: directory + "/" + name) ?? Data())
            let format = ImageDecoder.format(of: bytes)?.name ?? "unknown"
            let expected = known[name]
            if format == "unknown" && expected == nil {
                foreign += 1
                continue
            }
            ran.insert(name)
            let actual = describeImage(bytes)
            let isRight = expected == nil ? !actual.hasPrefix("error") : expected == "refused" || expected == actual
            var group = groups[format] ?? Summary.Group(name: format)
            if isRight { group.passed += 1 } else { group.failed += 1 }
            if expected == nil || expected == "refused" { group.unchecked += 1 }
            groups[format] = group
            if !isRight { failures.append(Failure(name: name, actual: actual, expected: expected ?? "a picture")) }
        }
        for name in known.keys.sorted() where !ran.contains(name) {
            failures.append(Failure(name: name, actual: "no such file", expected: known[name] ?? ""))
            ran.insert(name)
        }
        let sorted = groups.values.sorted { $0.name < $1.name }
        for g in sorted { say("\(g.name): \(g.passed) passed, \(g.failed) failed" + (g.unchecked > 0 ? ", \(g.unchecked) of them without reference pixels" : "")) }
        if foreign > 0 { say("\(foreign) other file" + (foreign == 1 ? "" : "s") + " left out: no picture's first bytes") }
        if known.isEmpty { say("no reference pixels: decoded only (scripts/image-reference.py DIR writes \(imageReferenceName))") }
        var summary = conclude(sorted.reduce(0) { $0 + $1.passed }, failures, ledger: ledger, ran: ran, say: say)
        summary.groups = sorted
        return summary
    }

    /// Width, height and hash of a picture's pixels, or the error.
    private static func describeImage(_ bytes: [UInt8]) -> String {
        do throws(ImageError) {
            let picture = try ImageDecoder.decodeStraight(bytes)
            var rgba: [UInt8] = []
            rgba.reserveCapacity(picture.pixels.count * 4)
            for p in picture.pixels {
                for shift in [16, 8, 0, 24] as [UInt32] { rgba.append(p >> 24 == 0 ? 0 : UInt8(truncatingIfNeeded: p >> shift)) }
            }
            return "\(picture.width) \(picture.height) \(hexadecimal(fnv(bytes: rgba)))"
        } catch {
            return "error \(error)"
        }
    }

    private static func hexadecimal(_ v: UInt64) -> String {
        let digits = String(v, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// By path, which may hold spaces.
    private static func readImageReferences(_ path: String) -> [String: String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
        var result: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            let count = words.last == "refused" ? 1 : 3
            guard words.count > count else { continue }
            result[words.dropLast(count).joined(separator: " ")] = words.suffix(count).joined(separator: " ")
        }
        return result
    }
}
