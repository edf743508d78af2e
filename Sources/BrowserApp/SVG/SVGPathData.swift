// Path data (SVG 2 §9.3): every command, absolute and relative. An error ends the path; what came before is drawn.
import Graphics

extension SVGScanner {
    static let pathPointsMax = 1_000_000

    mutating func path() -> VectorPath {
        var path = VectorPath()
        var command: UInt8 = 0
        var control: FixedPoint?                        // of the previous curve, for the smooth commands
        var isCubic = false
        while path.points.count < SVGScanner.pathPointsMax {
            skipSeparator()
            if isAtEnd { break }
            let b = byte
            if b | 0x20 >= 0x61, b | 0x20 <= 0x7A, b | 0x20 != 0x65 {
                command = b
                at += 1
            } else if command == 0 { break }
            if path.isEmpty, command | 0x20 != 0x6D { break }
            if command | 0x20 == 0x7A {
                path.close()
                command = 0
                control = nil
                // What follows must be a command.
                skipSpace()
                if !isAtEnd, byte | 0x20 < 0x61 || byte | 0x20 > 0x7A { break }
                continue
            }
            guard step(&path, command, &control, &isCubic) else { break }
            if command == 0x4D { command = 0x4C } else if command == 0x6D { command = 0x6C }        // more pairs are lines
        }
        return path
    }

    /// One set of arguments of a command; false when they are not there.
    private mutating func step(_ path: inout VectorPath, _ command: UInt8, _ control: inout FixedPoint?, _ isCubic: inout Bool) -> Bool {
        let pen = path.current
        let origin = command >= 0x61 ? pen : .zero
        func reflected(_ wanted: Bool) -> FixedPoint { if let c = control, isCubic == wanted { return pen + pen - c }; return pen }
        var next: FixedPoint?
        switch command | 0x20 {
        case 0x6D: guard let p = point(origin) else { return false }; path.move(to: p)                                       // m
        case 0x6C: guard let p = point(origin) else { return false }; path.line(to: p)                                       // l
        case 0x68: guard let x = number() else { return false }; path.line(to: FixedPoint(origin.x + x, pen.y))              // h
        case 0x76: guard let y = number() else { return false }; path.line(to: FixedPoint(pen.x, origin.y + y))              // v
        case 0x63:                                                                                                           // c
            guard let a = point(origin), let b = point(origin), let p = point(origin) else { return false }
            path.cubic(a, b, to: p)
            (next, isCubic) = (b, true)
        case 0x73:                                                                                                           // s
            guard let b = point(origin), let p = point(origin) else { return false }
            path.cubic(reflected(true), b, to: p)
            (next, isCubic) = (b, true)
        case 0x71:                                                                                                           // q
            guard let c = point(origin), let p = point(origin) else { return false }
            path.quadratic(c, to: p)
            (next, isCubic) = (c, false)
        case 0x74:                                                                                                           // t
            guard let p = point(origin) else { return false }
            let c = reflected(false)
            path.quadratic(c, to: p)
            (next, isCubic) = (c, false)
        case 0x61:                                                                                                           // a
            guard let rx = number(), let ry = number(), let turn = number(), let large = flag(), let sweep = flag(), let p = point(origin) else { return false }
            path.arc(rx, ry, rotation: turn, isLarge: large, isSweep: sweep, to: p)
        default: return false
        }
        control = next
        return true
    }

    private mutating func point(_ origin: FixedPoint) -> FixedPoint? {
        guard let x = number(), let y = number() else { return nil }
        return FixedPoint(origin.x + x, origin.y + y)
    }
    /// A single digit; the next number may follow without a separator.
    private mutating func flag() -> Bool? {
        skipSeparator()
        guard byte == 0x30 || byte == 0x31, !isAtEnd else { return nil }
        at += 1
        return bytes[at - 1] == 0x31
    }
}
