// Fuzzing of the image decoders: mutated pictures of every format, with checksums made right again so that the damage gets
// past them. What must hold: an error or a picture within the limits, and the same one each time.
import Fuzzing
import Images
import Machine

final class ImageFuzzer: Fuzzer {
    private let corpus: Corpus
    private let hasCanary: Bool
    private let limits = ImageLimits(sideMax: 4096, pixelCountMax: 1 << 18)
    private var tally = FuzzTally(ImageFormat.allCases.filter { $0 != .svg }.map { $0.name + " shown" } + ["unknown format", "truncated", "too large", "unsupported"])

    init(hasCanary: Bool) throws {
        self.hasCanary = hasCanary
        let pictures = try Corpus.files("Tests/ImagesTests/pictures", [".png", ".gif", ".jpeg", ".webp", ".bmp", ".ico"])
        corpus = Corpus(examples: pictures, words: ["IHDR", "IDAT", "PLTE", "tRNS", "IEND", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "\u{1}\u{0}\u{0}\u{0}", "GIF89a", "BM"])
    }
    let caseOperationCount = 100

    func run(seed: UInt64, operations: Int) throws {
        var random = SeededRandom(seed: seed, stream: "image fuzzer")
        for _ in 0..<operations { try once(&random) }
    }
    var coverage: [String] { tally.lines }

    private func once(_ random: inout SeededRandom) throws {
        var bytes = random.pick(corpus.examples)
        for _ in 0...random.small(6) { damage(&bytes, &random) }
        if random.below(4) == 0 { bytes = ByteMutator.mutate(bytes, corpus, &random, countMax: 4, byteCountMax: 1 << 18) }
        if bytes.starts(with: [0x89, 0x50]) { Self.repairPNG(&bytes) }
        let side = Int(random.below(3)) * 16
        let first = decode(bytes, side)
        if random.below(16) == 0, decode(bytes, side) != first { throw FuzzFailure(description: "the same picture of \(bytes.count) bytes decoded twice differs") }
        switch first {
        case .shown(let width, let height, _):
            if width < 1 || height < 1 || width * height > limits.pixelCountMax || (hasCanary && width > 8) {
                throw FuzzFailure(description: "a picture of \(width) by \(height), which the limits forbid")
            }
            tally.add((ImageDecoder.format(of: bytes)?.name ?? "nothing") + " shown")
        case .refused(let reason): tally.add(reason)
        }
    }

    private enum Outcome: Equatable { case shown(Int, Int, UInt64), refused(String) }

    private func decode(_ bytes: [UInt8], _ side: Int) -> Outcome {
        do {
            let picture = try ImageDecoder.decodeStraight(bytes, limits: limits, side: side)
            let hash = picture.pixels.withUnsafeBytes { StateHasher.hash($0) }
            return picture.pixels.count == picture.width * picture.height ? .shown(picture.width, picture.height, hash) : .shown(0, 0, 0)
        } catch {
            switch error {
            case .unknownFormat: return .refused("unknown format")
            case .truncated: return .refused("truncated")
            case .tooLarge: return .refused("too large")
            case .unsupported: return .refused("unsupported")
            case .malformed(let fault): return .refused("malformed: " + fault.name)
            }
        }
    }

    /// Small damage: headers more often than the rest, so that the first checks are passed with absurd values.
    private func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        if bytes.isEmpty { return }
        let reach = random.below(3) == 0 ? min(64, bytes.count) : bytes.count, at = Int(random.below(UInt64(reach)))
        switch random.below(5) {
        case 0: bytes[at] ^= UInt8(1 << random.below(8))
        case 1: bytes[at] = random.pick([0, 1, 2, 3, 8, 16, 0x7f, 0x80, 0xff])
        case 2: for i in at..<min(bytes.count, at + 4) { bytes[i] = random.pick([0, 0xff, 0x7f, 1]) }
        case 3: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.small(40)))
        default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        }
    }

    /// Puts right checksums behind the chunks of a PNG (PNG §5.3).
    static func repairPNG(_ bytes: inout [UInt8]) {
        var at = 8
        while at + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
            let end = at + 8 + length
            if end + 4 > bytes.count { return }
            let crc = CRC32.of(bytes, from: at + 4, to: end)
            for i in 0..<4 { bytes[end + i] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * i)) }
            at = end + 4
        }
    }
}
