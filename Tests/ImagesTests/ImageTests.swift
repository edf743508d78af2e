// Image decoders: the PNG suite to the pixel, inflate in every split, and hostile bytes that must not trap.
import Conformance
import Graphics
@testable import Images
import XCTest

/// A small deterministic generator.
struct Xorshift {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

final class ImageTests: XCTestCase {
    private var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    private func shared(_ path: String) throws -> String {
        let found = root.appendingPathComponent("../shared/conformance/" + path).standardized.path
        guard FileManager.default.fileExists(atPath: found) else { throw XCTSkip("no \(found)") }
        return found
    }

    private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func decode(_ bytes: [UInt8]) -> Result<Bitmap, ImageError> {
        do { return .success(try ImageDecoder.decode(bytes)) } catch { return .failure(error) }
    }

    func testPNGSuiteIsPixelExact() throws {
        let reference = root.appendingPathComponent("Tests/ImagesTests/png-reference.txt").path
        let summary = Conformance.runPNG(directory: try shared("png-suite"), references: reference)
        XCTAssertEqual(summary.failed, 0)
        XCTAssertEqual(summary.passed, 51)
    }

    func testPremultiplication() throws {
        let picture = try PNGDecoder.decode(bytes(shared("png-suite/basn6a08.png")))
        let bitmap = picture.premultiplied()
        for (p, q) in zip(picture.pixels, bitmap.pixels) {
            let a = p >> 24
            XCTAssertEqual(q >> 24, a)
            XCTAssertEqual(q & 255, ((p & 255) * a + 127) / 255)
        }
    }

    func testInflateInEverySplit() throws {
        // zlib.compress(bytes(i * i % 251 for i in range(600)) * 2, 9) is dynamic or fixed as zlib likes; made here by stored blocks.
        var plain: [UInt8] = []
        for i in 0..<600 { plain.append(UInt8(i * i % 251)) }
        var stream: [UInt8] = [0x78, 0x01, 0x01, 0x58, 0x02, 0xA7, 0xFD] + plain
        let sum = Inflater.adler32(plain)
        for shift in [24, 16, 8, 0] as [UInt32] { stream.append(UInt8(truncatingIfNeeded: sum >> shift)) }
        for piece in [1, 2, 3, 7, 64, 10_000] {
            var inflater = Inflater(zlib: true, outputByteCountMax: 600)
            var start = 0
            while start < stream.count {
                let slice = Array(stream[start..<min(stream.count, start + piece)])
                try slice.withUnsafeBufferPointer { try inflater.feed($0) }
                start += piece
            }
            XCTAssertTrue(inflater.isDone)
            XCTAssertEqual(inflater.output, plain)
        }
    }

    /// The data of every suite picture, byte by byte, equals the data at once.
    func testInflateByteByByte() throws {
        let directory = try shared("png-suite")
        for name in ["basn2c16.png", "basn3p08.png", "basn6a16.png", "ftbbn2c16.png"] {
            let file = try bytes(directory + "/" + name)
            var data: [UInt8] = []
            var at = 8
            while at + 12 <= file.count {
                let count = Int(file[at]) << 24 | Int(file[at + 1]) << 16 | Int(file[at + 2]) << 8 | Int(file[at + 3])
                if file[at + 4] == 0x49 && file[at + 5] == 0x44 { data += file[(at + 8)..<(at + 8 + count)] }
                at += 12 + count
            }
            var whole = Inflater(zlib: true, outputByteCountMax: 1 << 20), single = whole
            try data.withUnsafeBufferPointer { try whole.feed($0) }
            for byte in data { try [byte].withUnsafeBufferPointer { try single.feed($0) } }
            XCTAssertTrue(whole.isDone && single.isDone)
            XCTAssertEqual(whole.output, single.output)
        }
    }

    func testOutputLimitHolds() throws {
        let data: [UInt8] = [0x78, 0x01, 0x01, 0x10, 0x00, 0xEF, 0xFF] + [UInt8](repeating: 7, count: 16)
        var inflater = Inflater(zlib: true, outputByteCountMax: 10)
        XCTAssertThrowsError(try data.withUnsafeBufferPointer { try inflater.feed($0) })
        XCTAssertLessThanOrEqual(inflater.output.count, 10)
    }

    func testTruncationAtEveryByte() throws {
        for path in ["png-suite/basn3p02.png", "png-suite/ibasn6a08.png", "images/pjw-thumbnail.gif", "images/hippopotamus.jpeg"] {
            let file = try bytes(shared(path))
            for count in 0..<file.count { _ = decode(Array(file[0..<count])) }
            guard case .success = decode(file) else { return XCTFail(path) }
        }
    }

    func testTruncatedPictureShowsItsRows() throws {
        let file = try bytes(shared("png-suite/basn2c08.png"))
        let whole = try PNGDecoder.decode(file)
        let part = try PNGDecoder.decode(Array(file[0..<(file.count - 40)]))
        XCTAssertEqual(part.pixels[0], whole.pixels[0])
        XCTAssertEqual(part.pixels.last, 0)
    }

    func testRandomMutations() throws {
        var random = Xorshift(state: 0x5EED)
        for path in ["png-suite/basn3p04.png", "png-suite/ibasn4a16.png", "images/hippopotamus.regular.gif", "images/pjw-thumbnail.jpeg",
                     "images/hippopotamus.jpeg"] {
            let file = try bytes(shared(path))
            for _ in 0..<300 {
                var mutated = file
                for _ in 0...Int(random.next() % 8) { mutated[Int(random.next() % UInt64(file.count))] = UInt8(truncatingIfNeeded: random.next()) }
                if path.hasSuffix("png") { fixChecksums(&mutated) }
                _ = decode(mutated)
            }
        }
    }

    /// Makes the CRCs right again, so that mutations reach past them.
    private func fixChecksums(_ file: inout [UInt8]) {
        var at = 8
        while at + 12 <= file.count {
            let count = Int(file[at]) << 24 | Int(file[at + 1]) << 16 | Int(file[at + 2]) << 8 | Int(file[at + 3])
            if count > file.count - at - 12 { return }
            let crc = CRC32.of(file, from: at + 4, to: at + 8 + count)
            for i in 0..<4 { file[at + 8 + count + i] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * i)) }
            at += 12 + count
        }
    }

    func testLimitsAndForeignBytes() throws {
        XCTAssertEqual(decode([]), .failure(.unknownFormat))
        XCTAssertEqual(decode(Array("<html>".utf8)), .failure(.unknownFormat))
        let file = try bytes(shared("png-suite/basn0g01.png"))
        XCTAssertThrowsError(try ImageDecoder.decode(file, limits: ImageLimits(sideMax: 31))) { XCTAssertEqual($0 as? ImageError, .tooLarge) }
    }

    /// Every picture of the shared set decodes; the broken ones give an error or a picture.
    func testSharedImages() throws {
        let directory = try shared("images")
        for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted() where name.contains(".") {
            let result = decode(try bytes(directory + "/" + name))
            guard case .success(let bitmap) = result else { XCTFail("\(name): \(result)"); continue }
            XCTAssertEqual(bitmap.pixels.count, bitmap.width * bitmap.height)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: directory + "/hostile") {
            let result = decode(try bytes(directory + "/hostile/" + name))
            if case .failure = result { XCTAssertEqual(name, "no-frames.gif") }
        }
    }

    /// Three ways of storing one picture agree (JPEG within rounding).
    func testFormatsAgree() throws {
        let directory = try shared("images")
        let baseline = try ImageDecoder.decode(bytes(directory + "/peacock.default.jpeg"))
        let progressive = try ImageDecoder.decode(bytes(directory + "/peacock.progressive.jpeg"))
        XCTAssertEqual(baseline.pixels, progressive.pixels)
        let png = try ImageDecoder.decode(bytes(directory + "/peacock.png"))
        var difference = 0
        for (p, q) in zip(baseline.pixels, png.pixels) { difference += abs(Int(p & 255) - Int(q & 255)) }
        XCTAssertLessThan(difference / png.pixels.count, 12)
        let regular = try ImageDecoder.decode(bytes(directory + "/hippopotamus.regular.gif"))
        let interlaced = try ImageDecoder.decode(bytes(directory + "/hippopotamus.interlaced.gif"))
        XCTAssertEqual(regular.pixels, interlaced.pixels)
    }
}

extension Bitmap: Equatable {
    public static func == (a: Bitmap, b: Bitmap) -> Bool { a.width == b.width && a.height == b.height && a.pixels == b.pixels }
}
