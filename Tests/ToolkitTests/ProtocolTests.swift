// Window protocol messages and the keyboard map.
import Testing
import ABI
import Toolkit

@Suite struct WindowProtocolTests {
    @Test func requestsSurviveTheWire() {
        let buffer = WindowBuffer(width: 640, height: 480, strideWords: 640), rect = WindowRect(x: -3, y: 4, width: 50, height: 60)
        let all: [WindowRequest] = [
            .createWindow(title: "Términal", buffer: buffer, placement: .maximised, x: -5, y: 7), .updateBuffer(damage: rect), .setBuffer(buffer),
            .setTitle(""), .attachLayer(id: 9, buffer: buffer, rect: rect), .presentLayer(id: 9, damage: rect), .moveLayer(id: 9, rect: rect),
            .removeLayer(id: 9), .setCursor(.text), .exit]
        for request in all {
            let bytes = request.emit()
            #expect(WindowRequest.parse(bytes) == request)
            for cut in 0..<bytes.count where cut < bytes.count { #expect(WindowRequest.parse(Array(bytes[..<cut])) == nil) }
        }
        #expect(WindowRequest.parse([200]) == nil)
    }

    @Test func eventsSurviveTheWire() {
        let all: [WindowEvent] = [
            .key(KeyEvent(code: 30, action: .repeat, modifiers: [.shift, .alt], character: 65)),
            .pointer(PointerEvent(kind: .wheel, x: -1, y: 70000, button: 2, buttons: 5, modifiers: .control, wheel: -3, clickCount: 2)),
            .resize(width: 800, height: 600), .focus(true), .focus(false), .redraw, .close]
        for event in all {
            let bytes = event.emit()
            #expect(WindowEvent.parse(bytes) == event)
            for cut in 0..<bytes.count { #expect(WindowEvent.parse(Array(bytes[..<cut])) == nil) }
        }
    }

    @Test func buffersAreChecked() {
        #expect(WindowBuffer(width: 10, height: 10, strideWords: 12).byteCount == 480)
        #expect(WindowBuffer(width: 10, height: 10, strideWords: 9).byteCount == nil)
        #expect(WindowBuffer(width: 0, height: 10, strideWords: 9).byteCount == nil)
        #expect(WindowBuffer(width: 10, height: .max, strideWords: 10).byteCount == nil)
    }

    @Test func usLayout() {
        var k = KeyboardState()
        #expect(k.apply(code: Key.a, value: 1).character == 97)
        _ = k.apply(code: Key.leftShift, value: 1)
        let shifted = k.apply(code: Key.a, value: 2)
        #expect(shifted.character == 65 && shifted.action == .repeat && shifted.modifiers == .shift)
        #expect(k.apply(code: Key.digit1, value: 1).character == 33)
        _ = k.apply(code: Key.rightShift, value: 1)
        _ = k.apply(code: Key.leftShift, value: 0)
        #expect(k.modifiers == .shift)
        _ = k.apply(code: Key.rightShift, value: 0)
        _ = k.apply(code: Key.capsLock, value: 1)
        #expect(k.apply(code: Key.a, value: 1).character == 65 && k.apply(code: Key.digit1, value: 1).character == 49)
        #expect(k.apply(code: 53, value: 1).character == 47 && k.apply(code: Key.space, value: 1).character == 32)
        #expect(k.apply(code: 83, value: 1).character == 46 && k.apply(code: 500, value: 1).character == 0)
    }
}
