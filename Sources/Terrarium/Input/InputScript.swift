// Input scripts: one event a line, `TIME ACTION …`, e.g. `2.0s click 400 300`, `2.5s type "hello"`, `3s key ctrl+t`,
// `4s wheel -3`. Format: docs/formats/input-script.md. Parsing gives host events with their ticks.

import Foundation
import Machine

/// A host event and the virtual time (ns) at which it enters.
public struct ScriptedEvent: Sendable {
    public let nanoseconds: UInt64
    public let event: HostEvent
}

public enum InputScript {
    /// Milliseconds between the parts of one gesture, as a quick person would do it.
    static let stepNanoseconds: UInt64 = 8_000_000

    /// Parses a script for a screen of `width` × `height` pixels. Throws `TerrariumError` naming the line.
    public static func parse(_ text: String, width: Int, height: Int) throws -> [ScriptedEvent] {
        var events: [ScriptedEvent] = []
        for (number, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }).enumerated() {
            let line = rawLine.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            func fail(_ why: String) -> TerrariumError { TerrariumError(.badData, "input script line \(number + 1): \(why): \(line)") }
            let words = try tokens(line) ?? { throw fail("a quoted text is not closed") }()
            guard let time = parseDuration(words[0]) else { throw fail("a line starts with a time such as 2.5s") }
            guard words.count > 1 else { throw fail("no action after the time") }
            var gesture = Gesture(time: time, width: width, height: height)
            do { try gesture.perform(words[1], Array(words.dropFirst(2))) } catch let e as GestureError { throw fail(e.why) }
            events += gesture.events
        }
        // Stable by time: lines of equal time keep their order.
        return events.enumerated().sorted { ($0.element.nanoseconds, $0.offset) < ($1.element.nanoseconds, $1.offset) }.map { $0.element }
    }

    /// Words separated by blanks; a word in double quotes may hold blanks, `\"`, `\\` and `\n`. Nil when unclosed.
    static func tokens(_ line: String) throws -> [String]? {
        var words: [String] = []
        var current: String? = nil
        var quoted = false
        var escaped = false
        for c in line {
            if escaped { current = (current ?? "") + (c == "n" ? "\n" : String(c)); escaped = false; continue }
            if quoted {
                if c == "\\" { escaped = true } else if c == "\"" { quoted = false } else { current = (current ?? "") + String(c) }
            } else if c == "\"" {
                quoted = true
                current = current ?? ""
            } else if c == " " || c == "\t" {
                if let w = current { words.append(w); current = nil }
            } else {
                current = (current ?? "") + String(c)
            }
        }
        if quoted { return nil }
        if let w = current { words.append(w) }
        return words
    }
}

struct GestureError: Error { let why: String }

/// Turns one action into its host events.
struct Gesture {
    var time: UInt64
    let width: Int, height: Int
    var events: [ScriptedEvent] = []

    init(time: UInt64, width: Int, height: Int) { self.time = time; self.width = width; self.height = height }

    mutating func perform(_ action: String, _ words: [String]) throws {
        switch action {
        case "move":
            let p = try point(words, 0, count: 2)
            move(p)
        case "click", "rightclick", "middleclick":
            let p = try point(words, 0, count: 2)
            move(p)
            button(action == "click" ? 0x110 : (action == "rightclick" ? 0x111 : 0x112))
        case "doubleclick":
            let p = try point(words, 0, count: 2)
            move(p)
            button(0x110)
            button(0x110)
        case "drag":
            let from = try point(words, 0, count: 4), to = try point(words, 2, count: 4)
            move(from)
            post(.pointerButton(code: 0x110, down: true))
            for step in 1...8 { move((from.0 + (to.0 - from.0) * step / 8, from.1 + (to.1 - from.1) * step / 8)) }
            post(.pointerButton(code: 0x110, down: false))
        case "wheel":
            guard words.count == 1, let n = Int32(words[0]), n != 0, (-1000...1000).contains(n) else { throw GestureError(why: "wheel takes notches, negative scrolls down") }
            for _ in 0..<abs(n) { post(.wheel(n > 0 ? 1 : -1)) }
        case "type":
            guard words.count == 1 else { throw GestureError(why: "type takes one text in double quotes") }
            for scalar in words[0].unicodeScalars {
                guard let (code, shift) = KeyNames.key(for: scalar) else { throw GestureError(why: "no key types '\(scalar)'") }
                press(shift ? [42, code] : [code])
            }
        case "key":
            guard words.count == 1 else { throw GestureError(why: "key takes one combination such as ctrl+t") }
            var codes: [UInt16] = []
            for name in words[0].lowercased().split(separator: "+", omittingEmptySubsequences: false) {
                guard let code = KeyNames.code(named: String(name)) else { throw GestureError(why: "unknown key '\(name)'") }
                codes.append(code)
            }
            press(codes)
        case "console":
            guard words.count == 1, !words[0].isEmpty else { throw GestureError(why: "console takes one text in double quotes") }
            post(.consoleInput(Array(words[0].utf8)))
        case "close", "quit":
            post(.close)
        default:
            let known = ["move", "click", "rightclick", "middleclick", "doubleclick", "drag", "wheel", "type", "key", "console", "close"]
            let hint = closest(to: action, among: known).map { "; did you mean '\($0)'" } ?? ""
            throw GestureError(why: "unknown action '\(action)'\(hint)")
        }
    }

    private func point(_ words: [String], _ i: Int, count: Int) throws -> (Int, Int) {
        guard words.count == count, let x = Int(words[i]), let y = Int(words[i + 1]), x >= 0, y >= 0, x < width, y < height else {
            throw GestureError(why: "takes pixel coordinates inside \(width) x \(height)")
        }
        return (x, y)
    }
    private mutating func post(_ event: HostEvent) {
        events.append(ScriptedEvent(nanoseconds: time, event: event))
        time += InputScript.stepNanoseconds
    }
    private mutating func move(_ p: (Int, Int)) {
        // The tablet's range is 0…32767 over the screen; the pixel's centre maps back to the same pixel.
        post(.pointerMove(x: UInt16(min(32767, (p.0 * 2 + 1) * 32768 / (2 * width))), y: UInt16(min(32767, (p.1 * 2 + 1) * 32768 / (2 * height)))))
    }
    private mutating func button(_ code: UInt16) {
        post(.pointerButton(code: code, down: true))
        post(.pointerButton(code: code, down: false))
    }
    private mutating func press(_ codes: [UInt16]) {
        for code in codes { post(.key(code: code, down: true)) }
        for code in codes.reversed() { post(.key(code: code, down: false)) }
    }
}

/// Key names and the US layout, as Linux evdev codes (input-event-codes.h numbers).
enum KeyNames {
    static func code(named name: String) -> UInt16? {
        if let code = named[name] { return code }
        if name.unicodeScalars.count == 1, let (code, _) = key(for: name.unicodeScalars.first!) { return code }
        return nil
    }
    /// The key and whether shift is held.
    static func key(for scalar: Unicode.Scalar) -> (UInt16, Bool)? {
        if scalar == "\n" { return (28, false) }
        if scalar == "\t" { return (15, false) }
        for (row, shifted, first) in rows {
            if let i = row.unicodeScalars.firstIndex(of: scalar) { return (first + UInt16(row.unicodeScalars.distance(from: row.unicodeScalars.startIndex, to: i)), false) }
            if let i = shifted.unicodeScalars.firstIndex(of: scalar) { return (first + UInt16(shifted.unicodeScalars.distance(from: shifted.unicodeScalars.startIndex, to: i)), true) }
        }
        return scalar == " " ? (57, false) : nil
    }
    /// What a key types; nil for keys that type nothing, and for Tab, which moves the focus.
    static func character(_ code: UInt16, shift: Bool) -> Character? {
        if code == 28 { return "\n" }
        if code == 57 { return " " }
        for (row, shifted, first) in rows where code >= first && Int(code - first) < row.count {
            let text = shift ? shifted : row
            return text[text.index(text.startIndex, offsetBy: Int(code - first))]
        }
        return nil
    }
    /// `ctrl`, `shift`, `alt` or `meta` when the key is one of them, left or right.
    static func modifier(_ code: UInt16) -> String? {
        switch code {
        case 29, 97: "ctrl"
        case 42, 54: "shift"
        case 56, 100: "alt"
        case 125, 126: "meta"
        default: nil
        }
    }
    /// The name by which `key` presses it.
    static func name(_ code: UInt16) -> String? {
        let names = named.filter { $0.value == code }.map { $0.key }.sorted()
        return names.first ?? character(code, shift: false).map { String($0) }
    }
    private static let rows: [(String, String, UInt16)] = [
        ("1234567890-=", "!@#$%^&*()_+", 2), ("qwertyuiop[]", "QWERTYUIOP{}", 16), ("asdfghjkl;'`", "ASDFGHJKL:\"~", 30),
        ("\\zxcvbnm,./", "|ZXCVBNM<>?", 43),
    ]
    private static let named: [String: UInt16] = [
        "esc": 1, "escape": 1, "backspace": 14, "tab": 15, "enter": 28, "return": 28, "ctrl": 29, "shift": 42, "alt": 56,
        "space": 57, "f1": 59, "f2": 60, "f3": 61, "f4": 62, "f5": 63, "f6": 64, "f7": 65, "f8": 66, "f9": 67, "f10": 68,
        "f11": 87, "f12": 88, "home": 102, "up": 103, "pageup": 104, "left": 105, "right": 106, "end": 107, "down": 108,
        "pagedown": 109, "insert": 110, "delete": 111, "meta": 125, "power": 116, "plus": 13, "minus": 12,
    ]
}
