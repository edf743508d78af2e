// evdev key codes (Linux input-event-codes) and the US layout.

import ABI

public enum Key {
    public static let escape: UInt16 = 1, backspace: UInt16 = 14, tab: UInt16 = 15, enter: UInt16 = 28, space: UInt16 = 57
    public static let leftControl: UInt16 = 29, rightControl: UInt16 = 97, leftShift: UInt16 = 42, rightShift: UInt16 = 54
    public static let leftAlt: UInt16 = 56, rightAlt: UInt16 = 100, leftMeta: UInt16 = 125, rightMeta: UInt16 = 126, capsLock: UInt16 = 58
    public static let home: UInt16 = 102, up: UInt16 = 103, pageUp: UInt16 = 104, left: UInt16 = 105, right: UInt16 = 106
    public static let end: UInt16 = 107, down: UInt16 = 108, pageDown: UInt16 = 109, insert: UInt16 = 110, delete: UInt16 = 111
    public static let keypadEnter: UInt16 = 96
    public static let f1: UInt16 = 59, f4: UInt16 = 62, f5: UInt16 = 63, f11: UInt16 = 87, f12: UInt16 = 88
    public static let a: UInt16 = 30, c: UInt16 = 46, d: UInt16 = 32, l: UInt16 = 38, n: UInt16 = 49, p: UInt16 = 25, r: UInt16 = 19
    public static let t: UInt16 = 20, v: UInt16 = 47, w: UInt16 = 17, x: UInt16 = 45
    public static let b: UInt16 = 48, f: UInt16 = 33, g: UInt16 = 34, h: UInt16 = 35, j: UInt16 = 36, u: UInt16 = 22, y: UInt16 = 21, z: UInt16 = 44
    public static let power: UInt16 = 116
    public static let f3: UInt16 = 61, f6: UInt16 = 64, minus: UInt16 = 12, equals: UInt16 = 13, keypadMinus: UInt16 = 74, keypadPlus: UInt16 = 78
    public static let digit1: UInt16 = 2, digit9: UInt16 = 10, digit0: UInt16 = 11
}

/// The US keyboard: evdev code → character.
public enum KeyboardLayout {
    private static let plain: StaticString = "\0\u{1B}1234567890-=\u{8}\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 "
    private static let shifted: StaticString = "\0\u{1B}!@#$%^&*()_+\u{8}\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 "

    /// The Unicode scalar of a key; 0 for keys that have none.
    public static func character(code: UInt16, shift: Bool, capsLock: Bool) -> UInt32 {
        if code >= 71 && code <= 83 { return keypad(code) }
        if code == Key.keypadEnter { return 10 }
        if code == 98 { return 47 }
        guard Int(code) < plain.utf8CodeUnitCount else { return 0 }
        let base = UInt32(plain.utf8Start[Int(code)])
        let isLetter = base >= 97 && base <= 122
        let useShifted = isLetter ? shift != capsLock : shift
        return useShifted ? UInt32(shifted.utf8Start[Int(code)]) : base
    }
    private static func keypad(_ code: UInt16) -> UInt32 {
        let table: StaticString = "789-456+1230."
        return UInt32(table.utf8Start[Int(code - 71)])
    }
}

/// Tracks shift, control, alt, meta and caps lock over a stream of key events.
public struct KeyboardState: Sendable {
    private var held: UInt16 = 0       // bits: left and right of each modifier
    public private(set) var capsLock = false
    public init() {}

    public var modifiers: KeyModifiers {
        var m: KeyModifiers = []
        if held & 0x03 != 0 { m.insert(.shift) }
        if held & 0x0C != 0 { m.insert(.control) }
        if held & 0x30 != 0 { m.insert(.alt) }
        if held & 0xC0 != 0 { m.insert(.meta) }
        return m
    }
    /// Takes a key event (value 0 up, 1 down, 2 repeat) and gives the event that programs see.
    public mutating func apply(code: UInt16, value: Int32) -> KeyEvent {
        let bit = Self.modifierBit(code)
        if value == 0 { held &= ~bit } else { held |= bit }
        if code == Key.capsLock && value == 1 { capsLock.toggle() }
        let action: KeyEvent.Action = value == 0 ? .up : (value == 2 ? .repeat : .down)
        let m = modifiers
        return KeyEvent(code: code, action: action, modifiers: m,
                        character: KeyboardLayout.character(code: code, shift: m.contains(.shift), capsLock: capsLock))
    }
    private static func modifierBit(_ code: UInt16) -> UInt16 {
        switch code {
        case Key.leftShift: 0x01
        case Key.rightShift: 0x02
        case Key.leftControl: 0x04
        case Key.rightControl: 0x08
        case Key.leftAlt: 0x10
        case Key.rightAlt: 0x20
        case Key.leftMeta: 0x40
        case Key.rightMeta: 0x80
        default: 0
        }
    }
}
