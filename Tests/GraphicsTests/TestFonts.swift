// Fonts of the host's fonts-dejavu-core package for tests, and a PPM writer for looking at results.
import Foundation
import Graphics

enum TestFonts {
    static func bytes(_ file: String) -> [UInt8] {
        [UInt8](FileManager.default.contents(atPath: "/usr/share/fonts/truetype/dejavu/" + file) ?? Data())
    }
    /// Copies the bytes into memory that lives as long as the test run.
    static func face(_ bytes: [UInt8]) -> FontFace? {
        let p = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        bytes.withUnsafeBytes { if bytes.count > 0 { p.copyMemory(from: $0.baseAddress!, byteCount: bytes.count) } }
        return FontFace(data: UnsafeRawBufferPointer(start: p, count: bytes.count))
    }
    static func library() -> FontLibrary {
        let l = FontLibrary()
        for (file, family, bold) in [("DejaVuSans", "dejavu sans", false), ("DejaVuSans-Bold", "dejavu sans", true), ("DejaVuSerif", "dejavu serif", false),
                                     ("DejaVuSerif-Bold", "dejavu serif", true), ("DejaVuSansMono", "dejavu sans mono", false), ("DejaVuSansMono-Bold", "dejavu sans mono", true)] {
            if let f = face(bytes(file + ".ttf")) { l.add(f, family: family, bold: bold, italic: false) }
        }
        return l
    }
}

/// Pixels that own their memory.
final class Canvas {
    let surface: Surface
    init(_ width: Int, _ height: Int, fill: UInt32 = 0xFFFFFFFF) {
        let p = UnsafeMutablePointer<UInt32>.allocate(capacity: max(1, width * height))
        p.initialize(repeating: fill, count: max(1, width * height))
        surface = Surface(base: p, width: width, height: height, strideWords: width)
    }
    deinit { surface.base.deallocate() }
    subscript(_ x: Int, _ y: Int) -> UInt32 { surface.row(y)[x] }
    var hash: UInt64 {
        var h: UInt64 = 0xCBF2_9CE4_8422_2325
        for i in 0..<(surface.width * surface.height) { h = (h ^ UInt64(surface.base[i])) &* 0x100_0000_01B3 }
        return h
    }
    func writePPM(_ path: String) {
        var out = Data("P6\n\(surface.width) \(surface.height)\n255\n".utf8)
        for i in 0..<(surface.width * surface.height) {
            let p = surface.base[i]
            out.append(contentsOf: [UInt8(p >> 16 & 255), UInt8(p >> 8 & 255), UInt8(p & 255)])
        }
        try? out.write(to: URL(fileURLWithPath: path))
    }
}
