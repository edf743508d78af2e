// evdev records of the tablet and the keyboard → what happened. VirtIO 1.2 §5.8, Linux evdev. Unknown records are
// ignored. Positions are reported once per sync, so that a diagonal move is one event.

import ABI
import Toolkit

public enum InputAction: Equatable, Sendable {
    case move(x: Int32, y: Int32)
    case button(index: UInt8, isDown: Bool)
    case wheel(Int32)
    case key(KeyEvent)
}

public struct InputDecoder: Sendable {
    private let width: Int32, height: Int32
    private var x: Int32, y: Int32, moved = false
    private var keyboard = KeyboardState()
    public var modifiers: KeyModifiers { keyboard.modifiers }

    public init(width: Int32, height: Int32) { self.width = width; self.height = height; x = width / 2; y = height / 2 }

    public mutating func decode(_ r: InputEventRecord, _ out: (InputAction) -> Void) {
        switch r.type {
        case InputEventRecord.typeAbsolute:
            if r.code == InputEventRecord.absX { x = scale(r.value, width); moved = true }
            if r.code == InputEventRecord.absY { y = scale(r.value, height); moved = true }
        case InputEventRecord.typeRelative where r.code == InputEventRecord.relWheel:
            flush(out)
            if r.value != 0 { out(.wheel(max(-100, min(100, r.value)))) }
        case InputEventRecord.typeKey:
            flush(out)
            switch r.code {
            case InputEventRecord.buttonLeft: out(.button(index: 0, isDown: r.value != 0))
            case InputEventRecord.buttonRight: out(.button(index: 1, isDown: r.value != 0))
            case InputEventRecord.buttonMiddle: out(.button(index: 2, isDown: r.value != 0))
            default: if r.code < 0x110 { out(.key(keyboard.apply(code: r.code, value: r.value))) }
            }
        case InputEventRecord.typeSync: flush(out)
        default: break
        }
    }
    private mutating func flush(_ out: (InputAction) -> Void) {
        if moved { moved = false; out(.move(x: x, y: y)) }
    }
    private func scale(_ value: Int32, _ size: Int32) -> Int32 {
        let v = Int64(max(0, min(InputEventRecord.absoluteMax, value))), range = Int64(InputEventRecord.absoluteMax)
        return Int32((v * Int64(size - 1) + range / 2) / range)
    }
}
