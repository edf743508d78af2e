// Legacy encodings against Python's decoders, and what happens at broken bytes (Encoding §9–§13).

import DOM
import Foundation
import XCTest
@testable import HTML

final class EncodingTests: XCTestCase {
    /// Text of a body in an encoding named by the transport.
    private func text(_ bytes: [UInt8], _ label: String?, piece: Int = Int.max) -> String {
        let document = Document()
        let parser = HTMLParser(document: document, encodingLabel: label)
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + min(piece, bytes.count))
            parser.feed(Array(bytes[at..<end]))
            at = end
        }
        parser.finish()
        return document.body.isNone ? "" : document.textContent(document.body)
    }

    /// For every encoding: all single characters that it can write, as "label hex-of-bytes hex-of-UTF-8", from Python.
    static let python = """
    import sys
    def chars(codec):
        out = []
        for c in list(range(0xA0, 0x3400)) + list(range(0x4E00, 0xA000)) + list(range(0xAC00, 0xD7A4)) + list(range(0xF900, 0xFB00)) + list(range(0xFF00, 0xFFF0)) + list(range(0x20000, 0x20100)):
            try: b = chr(c).encode(codec)
            except UnicodeEncodeError: continue
            # The standard reads these six of EUC-JP as their full-width or parallel twins, as Shift_JIS of Windows does.
            if codec == "euc_jp" and c in (0xA2, 0xA3, 0xAC, 0x2016, 0x2212, 0x301C): continue
            # Python's ISO-2022-JP writes in JIS X 0208 of 1983, the standard reads the one of Windows: these six differ.
            if codec == "iso2022_jp" and c in (0xA2, 0xA3, 0xAC, 0x2016, 0x2212, 0x301C): continue
            if b.decode(codec) == chr(c): out.append(chr(c))
        return "".join(out)
    names = {"shift_jis": "cp932", "euc-kr": "cp949", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5hkscs", "euc-jp": "euc_jp", "koi8-r": "koi8_r", "koi8-u": "koi8_u", "macintosh": "mac_roman", "ibm866": "cp866", "windows-874": "cp874", "iso-2022-jp": "iso2022_jp", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
    for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16): names["iso-8859-%d" % n] = "iso8859_%d" % n
    for n in range(1250, 1259): names["windows-%d" % n] = "cp%d" % n
    for label, codec in sorted(names.items()):
        text = chars(codec)
        print(label, text.encode(codec).hex(), text.encode().hex())
    """

    func testEveryCharacterAsPythonDecodesIt() throws {
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", Self.python]
        process.standardOutput = output
        do { try process.run() } catch { throw XCTSkip("no python3") }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        var count = 0
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let wanted = Array(String(decoding: bytes(words[2]), as: UTF8.self).unicodeScalars)
            let got = Array(text(Array("<body>".utf8).encoded(words[0]) + bytes(words[1]), words[0]).unicodeScalars)
            count += wanted.count
            if got != wanted {
                let at = zip(got, wanted).enumerated().first { $0.element.0 != $0.element.1 }
                XCTFail("\(words[0]): \(got.count) for \(wanted.count) characters, first difference \(at.map { "\($0.offset): U+\(String($0.element.0.value, radix: 16)) for U+\(String($0.element.1.value, radix: 16))" } ?? "at the end")")
            }
        }
        XCTAssertGreaterThan(count, 100_000)
    }
    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)! }
    }

    func testCharactersCutBetweenPieces() {
        XCTAssertEqual(text(Array("<body>".utf8) + [0x93, 0xFA, 0x96, 0x7B], "Shift_JIS", piece: 1), "日本")
        XCTAssertEqual(text(Array("<body>".utf8) + [0x95, 0x32, 0x82, 0x36], "gb18030", piece: 1), "\u{20000}")
        XCTAssertEqual(text(Array("<body>".utf8) + [0x8F, 0xB0, 0xA1], "euc-jp", piece: 1), "丂")
    }

    func testBrokenBytesGiveReplacementsAndKeepMarkup() {
        for label in ["shift_jis", "euc-jp", "euc-kr", "big5", "gbk"] {
            XCTAssertEqual(text(Array("<body>a".utf8) + [0x85] + Array("<b>x</b>".utf8), label).suffix(1), "x", label)
            XCTAssertEqual(text(Array("<body>a".utf8) + [0xFF] + Array("z".utf8), label).suffix(1), "z", label)
            XCTAssertEqual(text(Array("<body>a".utf8) + [0xA4], label), "a\u{FFFD}".replacingOccurrences(of: "\u{FFFD}", with: label == "shift_jis" ? "\u{FF64}" : "\u{FFFD}"), label)
        }
        XCTAssertEqual(Array(text(Array("<body>".utf8) + [0x88, 0x62], "big5").unicodeScalars.map { $0.value }), [0xCA, 0x304])
        XCTAssertEqual(text(Array("<body>".utf8) + [0x81, 0x30, 0x41], "gb18030"), "\u{FFFD}0A")
        XCTAssertEqual(text(Array("<body>".utf8) + [0xAA], "windows-1253"), "\u{FFFD}")
    }

    /// Escape sequences: good, twice in a row, broken, cut off (Encoding §12.2.1).
    func testISO2022JPSwitchesAndNoticesBrokenEscapes() {
        func read(_ s: String) -> String { text(Array("<body>".utf8) + Array(s.utf8), "ISO-2022-JP", piece: 1) }
        XCTAssertEqual(read("a\u{1B}$BF|K\\\u{1B}(Bz<b>c</b>"), "a日本zc")
        XCTAssertEqual(read("\u{1B}(J\\~\u{1B}(I1\u{1B}(B\\"), "¥‾ｱ\\")
        XCTAssertEqual(read("\u{1B}$B\u{1B}(Bx"), "\u{FFFD}x")
        XCTAssertEqual(read("\u{1B}$BF\u{1B}(Bx"), "\u{FFFD}x")
        XCTAssertEqual(read("\u{1B}Xb\u{1B}(Xc"), "\u{FFFD}Xb\u{FFFD}(Xc")
        XCTAssertEqual(read("a\u{E}\u{1B}"), "a\u{FFFD}\u{FFFD}")
        XCTAssertEqual(read("a\u{1B}$"), "a\u{FFFD}$")
        XCTAssertEqual(read("\u{1B}$BF"), "\u{FFFD}")
        XCTAssertEqual(text(Array("<meta charset=iso-2022-jp><body>\u{1B}$BF|".utf8), nil), "日")
    }
    func testEncodingsThatAreNotReadAndTheUserDefinedOne() {
        XCTAssertEqual(text(Array("<script>x</script>".utf8), "hz-gb-2312", piece: 1), "\u{FFFD}")
        XCTAssertEqual(text(Array("<body>a".utf8) + [0x80, 0xFF], "x-user-defined"), "a\u{F780}\u{F7FF}")
        XCTAssertEqual(text(Array("<meta charset=x-user-defined><body>".utf8) + [0xE9], nil), "é")
    }

    func testMarkTransportAndMetaInThatOrder() {
        let cyrillic: [UInt8] = [0xCF, 0xF0]
        XCTAssertEqual(text(Array("<meta charset=windows-1251><body>".utf8) + cyrillic, nil), "Пр")
        XCTAssertEqual(text(Array("<meta http-equiv=content-type content='text/html; charset=windows-1251'><body>".utf8) + cyrillic, nil), "Пр")
        XCTAssertEqual(text(Array("<meta charset=utf-8><body>".utf8) + cyrillic, "windows-1251"), "Пр")
        XCTAssertEqual(text([0xEF, 0xBB, 0xBF] + Array("<body>é".utf8), "windows-1251"), "é")
        XCTAssertEqual(text(Array("<meta charset=utf-16><body>é".utf8), nil), "é")
        XCTAssertEqual(text(Array("<!-- <meta charset=big5> --><body>é".utf8), nil), "é")
        XCTAssertEqual(text(Array("<meta charset=nonsense><body>".utf8) + [0xE9], nil), "é")
    }
}

private extension [UInt8] {
    /// ASCII in an encoding: only UTF-16 differs.
    func encoded(_ label: String) -> [UInt8] {
        switch label {
        case "utf-16le": flatMap { [$0, 0] }
        case "utf-16be": flatMap { [0, $0] }
        default: self
        }
    }
}
