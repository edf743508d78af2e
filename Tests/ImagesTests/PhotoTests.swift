// JPEG, GIF, WebP, BMP and icons: pixels equal to the reference libraries' (libjpeg-turbo, libwebp, Pillow),
// pictures made here byte by byte, and hostile bytes (IMG-011 to IMG-023).
import Conformance
import Graphics
@testable import Images
import XCTest

final class PhotoTests: XCTestCase {
    private let shared = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/conformance/images").standardized.path

    private let pictures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("pictures").path

    /// Width, height, and FNV-1a of the RGBA bytes as Pillow 13 gives them (`Image.open(f).convert("RGBA").tobytes()`).
    private let references: [(name: String, width: Int, height: Int, hash: UInt64)] = [
        ("animated-red-blue.gif", 64, 48, 0x6564893daa13f911),
        ("bricks-color.jpeg", 160, 120, 0x0afef8a09f2b786d),
        ("bricks-dither.gif", 160, 120, 0x3c28e50b24f1e1cb),
        ("bricks-gray.gif", 160, 120, 0x46440a4458759d95),
        ("bricks-gray.jpeg", 160, 120, 0xdb400e50037e6b4f),
        ("hat.gif", 90, 112, 0x7fe8b10a3407b920),
        ("hat.jpeg", 90, 112, 0x8e5d4073e95530e6),
        ("hibiscus.regular.gif", 312, 442, 0x66928dd97c2dafaf),
        ("hibiscus.regular.jpeg", 312, 442, 0x3e233841dc424f07),
        ("hippopotamus.interlaced.gif", 36, 28, 0x1295005ab14cbdfb),
        ("hippopotamus.jpeg", 36, 28, 0x68b9368d1dbdd4b2),
        ("hippopotamus.regular.gif", 36, 28, 0x1295005ab14cbdfb),
        ("peacock.default.jpeg", 100, 75, 0x82c250c988a57334),
        ("peacock.grayscale.jpeg", 100, 75, 0xd88f19a28443cd33),
        ("peacock.progressive.jpeg", 100, 75, 0x82c250c988a57334),
        ("peacock.s1x1-444.jpeg", 100, 75, 0x0d7412b2efe04dbd),
        ("peacock.s2x1-422.jpeg", 100, 75, 0xa57866414e1cc687),
        ("peacock.s2x2-420.jpeg", 100, 75, 0x82c250c988a57334),
        ("pjw-thumbnail.gif", 32, 32, 0xb695b11f20970bcc),
        ("pjw-thumbnail.jpeg", 32, 32, 0xbfb70e17f00bc677),
        ("bricks-color.lossless.webp", 160, 120, 0xc420c3cb29169919),
        ("hat.lossless.webp", 90, 112, 0x9fc9b00a7630f525),
        ("bricks-color.lossy.webp", 160, 120, 0xbe90db78e6c64f5e),
        ("hat.lossy.webp", 90, 112, 0xf02afc6bca946630),
    ]

    func testPixelsEqualTheReferenceLibraries() throws {
        guard FileManager.default.fileExists(atPath: shared) else { throw XCTSkip("no \(shared)") }
        for reference in references {
            let picture = try ImageDecoder.decodeStraight([UInt8](Data(contentsOf: URL(fileURLWithPath: shared + "/" + reference.name))))
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for p in picture.pixels {
                for shift in [16, 8, 0, 24] as [UInt32] { hash = (hash ^ UInt64(p >> shift & 255)) &* 0x0000_0100_0000_01b3 }
            }
            XCTAssertEqual(picture.width, reference.width, reference.name)
            XCTAssertEqual(picture.height, reference.height, reference.name)
            XCTAssertEqual(hash, reference.hash, reference.name)
        }
    }

    func testExifTurns() throws {
        guard FileManager.default.fileExists(atPath: shared) else { throw XCTSkip("no \(shared)") }
        let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: shared + "/peacock.default.jpeg")))
        let plain = try ImageDecoder.decodeStraight(file)
        for orientation in 1...8 {
            let tiff: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation), 0, 0, 0, 0, 0, 0]
            let segment: [UInt8] = [0xFF, 0xE1, 0, UInt8(2 + 6 + tiff.count)] + Array("Exif\0\0".utf8) + tiff
            let turned = try ImageDecoder.decodeStraight(Array(file[0..<2]) + segment + Array(file[2...]))
            let (w, h) = (plain.width, plain.height)
            XCTAssertEqual(turned.width, orientation >= 5 ? h : w)
            // Where the top left pixel goes.
            let corner = [(0, 0), (w - 1, 0), (w - 1, h - 1), (0, h - 1), (0, 0), (h - 1, 0), (h - 1, w - 1), (0, w - 1)][orientation - 1]
            XCTAssertEqual(turned.pixels[corner.1 * turned.width + corner.0], plain.pixels[0], "orientation \(orientation)")
        }
    }

    private func little(_ v: Int, _ n: Int) -> [UInt8] { (0..<n).map { UInt8(truncatingIfNeeded: v >> (8 * $0)) } }

    private func header(_ width: Int, _ height: Int, depth: Int, compression: Int = 0, colors: Int = 0) -> [UInt8] {
        little(40, 4) + little(width, 4) + little(height, 4) + little(1, 2) + little(depth, 2) + little(compression, 4) + little(0, 12) + little(colors, 4) + little(0, 4)
    }

    private func bmp(_ dib: [UInt8]) -> [UInt8] { Array("BM".utf8) + little(0, 12) + dib }

    func testBMPRowOrders() throws {
        let rows: [UInt8] = [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]
        let up = try ImageDecoder.decodeStraight(bmp(header(2, 2, depth: 24) + rows))
        XCTAssertEqual(up.pixels, [0xFF09_0807, 0xFF0C_0B0A, 0xFF03_0201, 0xFF06_0504])
        let down = try ImageDecoder.decodeStraight(bmp(header(2, -2, depth: 24) + rows))
        XCTAssertEqual(down.pixels, [0xFF03_0201, 0xFF06_0504, 0xFF09_0807, 0xFF0C_0B0A])
    }

    func testBMPRuns() throws {
        let palette: [UInt8] = [0, 0, 255, 0, 0, 255, 0, 0]
        // Two red, end of line, skip one, one green, end.
        let data: [UInt8] = [2, 0, 0, 0, 0, 2, 1, 0, 1, 1, 0, 1]
        let picture = try ImageDecoder.decodeStraight(bmp(header(2, 2, depth: 8, compression: 1, colors: 2) + palette + data))
        XCTAssertEqual(picture.pixels, [0, 0xFF00_FF00, 0xFFFF_0000, 0xFFFF_0000])
    }

    func testBMPBitFields() throws {
        let masks = little(0xF800, 4) + little(0x7E0, 4) + little(0x1F, 4)
        let picture = try ImageDecoder.decodeStraight(bmp(header(2, 1, depth: 16, compression: 3) + masks + [0x00, 0xF8, 0xE0, 0x07]))
        XCTAssertEqual(picture.pixels, [0xFFFF_0000, 0xFF00_FF00])
    }

    func testIconChoosesTheSize() throws {
        func dib(_ side: Int, _ color: [UInt8]) -> [UInt8] {
            header(side, side * 2, depth: 32) + (0..<(side * side)).flatMap { _ in color } + [UInt8](repeating: 0, count: side * 4)
        }
        let small = dib(2, [1, 2, 3, 255]), large = dib(4, [4, 5, 6, 255])
        let entries: [UInt8] = [0, 0, 1, 0, 2, 0] + [2, 2, 0, 0, 1, 0, 32, 0] + little(small.count, 4) + little(38, 4)
            + [4, 4, 0, 0, 1, 0, 32, 0] + little(large.count, 4) + little(38 + small.count, 4)
        let file = entries + small + large
        XCTAssertEqual(try ImageDecoder.decodeStraight(file).pixels[0], 0xFF06_0504)
        XCTAssertEqual(try ImageDecoder.decodeStraight(file, side: 2).width, 2)
        XCTAssertEqual(try ImageDecoder.decodeStraight(file, side: 3).width, 4)
        XCTAssertEqual(try ImageDecoder.decodeStraight(file, side: 99).width, 4)
        var random = Xorshift(state: 0xBEE)
        for _ in 0..<2000 {
            var mutated = file
            for _ in 0...3 { mutated[Int(random.next() % UInt64(file.count))] = UInt8(truncatingIfNeeded: random.next()) }
            _ = try? ImageDecoder.decode(mutated)
        }
        for count in 0..<file.count { _ = try? ImageDecoder.decode(Array(file[0..<count])) }
    }

    /// Small pictures of every format and coding, made by scripts/image-reference.py.
    func testOwnPicturesEqualTheirReferences() throws {
        var report: [String] = []
        let summary = Conformance.runImages(directory: pictures) { report.append($0) }
        XCTAssertEqual(summary.failed, 0, report.joined(separator: "\n"))
        XCTAssertEqual(summary.passed, 39)
        XCTAssertEqual(summary.groups.map(\.name), ["bmp", "gif", "ico", "jpeg", "png", "webp"])
        XCTAssertTrue(summary.groups.allSatisfy { $0.unchecked == 0 })
    }

    func testSharedPicturesEqualTheirReferences() throws {
        guard FileManager.default.fileExists(atPath: shared) else { throw XCTSkip("no \(shared)") }
        var report: [String] = []
        let summary = Conformance.runImages(directory: shared, references: pictures + "/../image-reference.txt", ledger: pictures + "/../image-ledger.txt") { report.append($0) }
        XCTAssertTrue(summary.isAsExpected, report.joined(separator: "\n"))
        XCTAssertEqual(summary.passed, 46)
    }

    /// A wrong checksum, a missing file and a picture that does not decode are failures; a file that is no picture is left out.
    func testImageSuiteNoticesDifferences() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(atPath: pictures + "/plain.gif", toPath: folder.path + "/a b.gif")
        try Data("GIF89a".utf8).write(to: folder.appendingPathComponent("cut.gif"))
        try Data("text".utf8).write(to: folder.appendingPathComponent("readme"))
        try "a b.gif 37 29 0000000000000000\ngone.gif 1 1 00\n".write(to: folder.appendingPathComponent("image-reference.txt"), atomically: true, encoding: .utf8)
        let summary = Conformance.runImages(directory: folder.path) { _ in }
        XCTAssertEqual(summary.new, ["a b.gif", "cut.gif", "gone.gif"])
        XCTAssertEqual(summary.failed, 3)
        XCTAssertFalse(summary.isAsExpected)
    }

    /// Every decoder on damaged and cut-off pictures.
    func testMutationsOfEveryFormat() throws {
        var random = Xorshift(state: 0xC0FFEE)
        for name in try FileManager.default.contentsOfDirectory(atPath: pictures).sorted() where !name.hasSuffix("txt") {
            let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: pictures + "/" + name)))
            for round in 0..<24 {
                var mutated = round % 4 == 0 ? Array(file[0..<(1 + Int(random.next() % UInt64(file.count)))]) : file
                for _ in 0...Int(random.next() % 5) { mutated[Int(random.next() % UInt64(mutated.count))] = UInt8(truncatingIfNeeded: random.next()) }
                if let picture = try? ImageDecoder.decode(mutated, limits: ImageLimits(pixelCountMax: 1 << 16)) {
                    XCTAssertEqual(picture.pixels.count, picture.width * picture.height, name)
                    XCTAssertLessThanOrEqual(picture.pixels.count, 1 << 16, name)
                }
            }
        }
    }

    /// A lossy picture that is cut off has the rows of macroblocks that are there, then nothing; the last of them may
    /// differ near its lower edge, whose smoothing needs the next one.
    func testLossyWebPInParts() throws {
        guard FileManager.default.fileExists(atPath: shared) else { throw XCTSkip("no \(shared)") }
        let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: shared + "/hat.lossy.webp")))
        let whole = try ImageDecoder.decodeStraight(file)
        var counts: Set<Int> = []
        for count in stride(from: 0, to: file.count, by: 61) {
            guard let part = try? ImageDecoder.decodeStraight(Array(file[0..<count])) else { continue }
            XCTAssertEqual(part.pixels.count, whole.pixels.count)
            let rows = (part.pixels.firstIndex(of: 0) ?? part.pixels.count) / part.width
            XCTAssertEqual(rows % 16, 0)
            XCTAssertTrue(part.pixels[(rows * part.width)...].allSatisfy { $0 == 0 })
            let same = max(0, rows - 8) * part.width
            XCTAssertEqual(part.pixels[..<same], whole.pixels[..<same])
            counts.insert(rows)
        }
        XCTAssertGreaterThan(counts.count, 3)
    }

    /// Damaged WebP never traps.
    func testWebPHostile() throws {
        guard FileManager.default.fileExists(atPath: shared) else { throw XCTSkip("no \(shared)") }
        var random = Xorshift(state: 0xFEED)
        for name in ["bricks-color.lossless.webp", "hat.lossy.webp"] {
            let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: shared + "/" + name)))
            for _ in 0..<60 {
                var mutated = file
                for _ in 0...3 { mutated[Int(random.next() % 400)] = UInt8(truncatingIfNeeded: random.next()) }
                _ = try? ImageDecoder.decode(mutated, limits: ImageLimits(pixelCountMax: 1 << 18))
            }
        }
        let lossless = [UInt8](try Data(contentsOf: URL(fileURLWithPath: shared + "/bricks-color.lossless.webp")))
        for count in stride(from: 0, to: lossless.count, by: 997) { XCTAssertThrowsError(try ImageDecoder.decode(Array(lossless[0..<count]))) }
    }
}
