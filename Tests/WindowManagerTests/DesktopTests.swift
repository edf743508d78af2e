// The desktop with fake clients: windows, focus, dragging, resizing, closing, menu, layers, damage. (SVC-005)
import Testing
import Foundation
import ABI
import Graphics
@testable import Toolkit
@testable import WindowManager

/// Records what the desktop sends; gives clients memory.
final class FakeHost: DesktopHost {
    var sent: [(event: WindowEvent, window: UInt32)] = []
    var disconnected: [UInt32] = [], launched: [String] = [], frames = 0
    func send(_ event: WindowEvent, to window: UInt32) { sent.append((event, window)) }
    func disconnect(_ window: UInt32) { disconnected.append(window) }
    func launch(_ program: String) { launched.append(program) }
    func needsFrame() { frames += 1 }
    func take() -> [(event: WindowEvent, window: UInt32)] { defer { sent = [] }; return sent }
    func events(_ w: UInt32) -> [WindowEvent] { sent.filter { $0.window == w }.map { $0.event } }
}

final class LiveCount { var count = 0 }

final class Fixture {
    let host = FakeHost(), desktop: Desktop
    let frame: UnsafeMutablePointer<UInt32>
    let surface: Surface
    var now: UInt64 = 0
    let live = LiveCount()

    init(_ width: Int32 = 800, _ height: Int32 = 600, fonts: FontLibrary = FontLibrary()) {
        desktop = Desktop(width: width, height: height, fonts: fonts, host: host)
        frame = .allocate(capacity: Int(width * height))
        frame.initialize(repeating: 0, count: Int(width * height))
        surface = Surface(base: frame, width: Int(width), height: Int(height), strideWords: Int(width))
        _ = compose()
    }
    deinit { frame.deallocate() }

    func memory(_ byteCount: Int, _ pixel: UInt32) -> SurfaceMemory {
        let p = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4)
        p.initializeMemory(as: UInt32.self, repeating: pixel, count: byteCount / 4)
        live.count += 1
        return SurfaceMemory(base: p, byteCount: byteCount) { [live] in p.deallocate(); live.count -= 1 }
    }
    @discardableResult
    func open(_ title: String = "w", _ width: Int32 = 200, _ height: Int32 = 100, pixel: UInt32 = 0xFFAA0000, at: (Int32, Int32)? = nil, placement: WindowPlacement? = nil) -> WindowState {
        let id = desktop.makeID(), buffer = WindowBuffer(width: width, height: height, strideWords: width)
        desktop.request(id, .createWindow(title: title, buffer: buffer, placement: placement ?? (at == nil ? .automatic : .at), x: at?.0 ?? 0, y: at?.1 ?? 0),
                        memory: memory(Int(width * height) * 4, pixel))
        desktop.request(id, .updateBuffer(damage: WindowRect(x: 0, y: 0, width: width, height: height)), memory: nil)
        return desktop.window(id)!
    }
    func compose() -> [Rect] { desktop.compose(into: surface) }
    func pixel(_ x: Int32, _ y: Int32) -> UInt32 { surface.row(Int(y))[Int(x)] }
    func move(_ x: Int32, _ y: Int32) { desktop.input(.move(x: x, y: y), modifiers: [], now: now) }
    func down(_ button: UInt8 = 0) { now += 1_000_000_000; desktop.input(.button(index: button, isDown: true), modifiers: [], now: now) }
    func up(_ button: UInt8 = 0) { desktop.input(.button(index: button, isDown: false), modifiers: [], now: now) }
    func click(_ x: Int32, _ y: Int32) { move(x, y); down(); up() }
    func key(_ code: UInt16, _ m: KeyModifiers = [], action: KeyEvent.Action = .down) {
        desktop.input(.key(KeyEvent(code: code, action: action, modifiers: m, character: 0)), modifiers: m, now: now)
    }
}

@Suite struct DesktopTests {
    @Test func aWindowAppearsWithItsFirstFrame() {
        let f = Fixture()
        let w = f.open(at: (100, 200))
        #expect(w.isVisible && w.content == Rect(100, 200, 200, 100))
        #expect(f.host.events(w.id) == [.focus(true)])
        let flushed = f.compose()
        #expect(!flushed.isEmpty && f.pixel(150, 250) == 0xFFAA0000 && f.pixel(99, 250) != 0xFFAA0000)
        #expect(f.compose().isEmpty)
    }
    @Test func clickFocusesAndRaises() {
        let f = Fixture()
        let a = f.open("a", at: (100, 200)), b = f.open("b", pixel: 0xFF0000BB, at: (150, 220))
        _ = f.compose()
        #expect(f.desktop.focused == b.id && f.pixel(160, 230) == 0xFF0000BB)
        _ = f.host.take()
        f.click(110, 210)
        _ = f.compose()
        #expect(f.desktop.focused == a.id && f.pixel(160, 230) == 0xFFAA0000)
        let toA = f.host.events(a.id)
        #expect(toA.contains(.focus(true)) && f.host.events(b.id).contains(.focus(false)))
        guard case .pointer(let p)? = toA.first(where: { if case .pointer(let p) = $0 { return p.kind == .down } else { return false } }) else { Issue.record("no press"); return }
        #expect(p.x == 10 && p.y == 10 && p.buttons == 1 && p.clickCount == 1)
    }
    @Test func draggingTheTitleBarMovesTheWindow() {
        let f = Fixture()
        let w = f.open(at: (100, 200))
        f.move(150, 190); f.down(); f.move(250, 290); f.up(); f.move(0, 500)
        #expect(w.x == 200 && w.y == 300)
        _ = f.compose()
        #expect(f.pixel(300, 350) == 0xFFAA0000 && f.pixel(110, 210) != 0xFFAA0000)
        // Never under the menu bar, never wholly off the screen.
        f.move(250, 290); f.down(); f.move(-900, -900); f.up()
        #expect(w.y == MenuBar.height + WindowState.titleBarHeight && w.content.maxX >= 60)
    }
    /// KERN-011, KERN-013: the window manager alone owns windows, so the button names the window it belongs to.
    @Test func theCloseButtonCloses() {
        let f = Fixture()
        let w = f.open(at: (100, 200)), other = f.open("other", at: (500, 300))
        let b = w.closeButton
        f.move(b.x + 5, b.y + 5); f.down()
        f.move(0, 599); f.up()
        #expect(!f.host.events(w.id).contains(.close))         // released elsewhere
        f.click(b.x + 5, b.y + 5)
        #expect(f.host.events(w.id).contains(.close) && !f.host.events(other.id).contains(.close))
        #expect(f.desktop.window(w.id) != nil)                 // the program decides
        f.desktop.request(w.id, .exit, memory: nil)
        #expect(f.desktop.window(w.id) == nil && f.host.disconnected == [w.id] && f.desktop.focused == other.id)
        _ = f.compose()
        #expect(f.pixel(150, 250) != 0xFFAA0000)
    }
    @Test func aDeadClientsWindowDisappears() {
        let f = Fixture()
        let w = f.open(at: (100, 200)), id = w.id
        f.move(150, 190); f.down()                             // in the middle of a drag
        f.desktop.remove(id)
        f.move(300, 300); f.up()
        #expect(f.desktop.windows.isEmpty && f.desktop.focused == 0)
    }
    @Test func memoryIsReleased() {
        let f = Fixture()
        do { let w = f.open(); f.desktop.request(w.id, .setBuffer(WindowBuffer(width: 10, height: 10, strideWords: 10)), memory: f.memory(400, 1)) }
        #expect(f.live.count == 1)
        f.desktop.remove(f.desktop.windows[0].id)
        #expect(f.live.count == 0)
    }
    @Test func resizingAsksOneAtATime() {
        let f = Fixture()
        let w = f.open(at: (100, 200))
        _ = f.host.take()
        f.move(298, 298); f.down(); f.move(348, 328); f.move(358, 338); f.move(368, 348)
        func sizes() -> [WindowEvent] { f.host.events(w.id).filter { if case .resize = $0 { return true } else { return false } } }
        #expect(sizes() == [.resize(width: 250, height: 130)])
        let answer = WindowBuffer(width: 250, height: 130, strideWords: 250)
        f.desktop.request(w.id, .setBuffer(answer), memory: f.memory(250 * 130 * 4, 0xFF00CC00))
        #expect(sizes() == [.resize(width: 250, height: 130), .resize(width: 270, height: 150)])
        #expect(w.content == Rect(100, 200, 250, 130))
        f.up()
    }
    @Test func maximisedWindowsGetTheScreen() {
        let f = Fixture()
        let w = f.open(placement: .maximised)
        #expect(f.host.events(w.id).contains(.resize(width: 800, height: 546)) && w.x == 0 && w.y == 54)
        // A double click on the title bar brings the old size back.
        f.desktop.request(w.id, .setBuffer(WindowBuffer(width: 800, height: 546, strideWords: 800)), memory: f.memory(800 * 546 * 4, 5))
        f.move(300, 40); f.down(); f.up(); f.now -= 1_000_000_000; f.down(); f.up()
        #expect(!w.isMaximised && f.host.events(w.id).last(where: { if case .resize = $0 { return true } else { return false } }) == .resize(width: 200, height: 100))
    }
    @Test func badRequestsEndTheClient() {
        let f = Fixture()
        let small = f.memory(100, 0)
        f.desktop.request(77, .createWindow(title: "x", buffer: WindowBuffer(width: 100, height: 100, strideWords: 100), placement: .automatic, x: 0, y: 0), memory: small)
        f.desktop.request(78, .updateBuffer(damage: WindowRect(x: 0, y: 0, width: 1, height: 1)), memory: nil)
        let w = f.open()
        f.desktop.request(w.id, .setBuffer(WindowBuffer(width: 4000, height: 4000, strideWords: 4000)), memory: nil)
        let v = f.open()
        f.desktop.request(v.id, .attachLayer(id: 1, buffer: WindowBuffer(width: 10, height: 10, strideWords: 10), rect: WindowRect(x: 0, y: 0, width: 10, height: 10)), memory: nil)
        #expect(f.host.disconnected == [77, 78, w.id, v.id] && f.desktop.windows.isEmpty && f.desktop.droppedRequests == 4)
        // Extreme coordinates are only bounded.
        let u = f.open(at: (.max, .min))
        f.desktop.request(u.id, .updateBuffer(damage: WindowRect(x: .min, y: .max, width: .max, height: .max)), memory: nil)
        f.desktop.request(u.id, .attachLayer(id: 1, buffer: WindowBuffer(width: 10, height: 10, strideWords: 10), rect: WindowRect(x: .max, y: .min, width: .max, height: .max)), memory: f.memory(400, 1))
        f.desktop.request(u.id, .presentLayer(id: 1, damage: WindowRect(x: .max, y: .max, width: .max, height: .max)), memory: nil)
        _ = f.compose()
    }
    @Test func layersAreShownInsideTheirWindow() {
        let f = Fixture()
        let w = f.open(at: (100, 200))
        f.desktop.request(w.id, .attachLayer(id: 3, buffer: WindowBuffer(width: 150, height: 300, strideWords: 150), rect: WindowRect(x: 20, y: 30, width: 150, height: 300)), memory: f.memory(150 * 300 * 4, 0xFF00FF00))
        _ = f.compose()
        #expect(f.pixel(120, 230) == 0xFF00FF00 && f.pixel(119, 230) == 0xFFAA0000 && f.pixel(270, 230) == 0xFFAA0000)
        #expect(f.pixel(150, 305) != 0xFF00FF00)               // cut at the window's edge
        _ = f.host.frames
        f.desktop.request(w.id, .presentLayer(id: 3, damage: WindowRect(x: 5, y: 5, width: 10, height: 10)), memory: nil)
        #expect(f.desktop.damage.rects == [Rect(125, 235, 10, 10)])
        f.desktop.request(w.id, .moveLayer(id: 3, rect: WindowRect(x: 0, y: 0, width: 10, height: 10)), memory: nil)
        _ = f.compose()
        #expect(f.pixel(105, 205) == 0xFF00FF00 && f.pixel(115, 205) == 0xFFAA0000)
        f.desktop.request(w.id, .removeLayer(id: 3), memory: nil)
        _ = f.compose()
        #expect(f.pixel(105, 205) == 0xFFAA0000 && w.layers.isEmpty)
    }
    @Test func theMenuLaunchesPrograms() {
        let f = Fixture()
        f.click(30, 10)
        #expect(f.desktop.menu.isOpen)
        let item = f.desktop.menu.itemRect(1)
        f.click(item.x + 20, item.y + 10)
        #expect(f.host.launched == ["terminal"] && !f.desktop.menu.isOpen)
        // Press, drag to the item, release.
        f.move(30, 10); f.down(); f.move(40, f.desktop.menu.itemRect(0).y + 5); f.up()
        #expect(f.host.launched == ["terminal", "browser"])
        f.click(30, 10); f.click(400, 400)
        #expect(!f.desktop.menu.isOpen && f.host.launched.count == 2)
        f.click(30, 10); let about = f.desktop.menu.itemRect(2); f.click(about.x + 9, about.y + 9)
        #expect(f.desktop.windows.last?.isInternal == true)
        let b = f.desktop.windows.last!.closeButton
        f.click(b.x + 9, b.y + 9)
        #expect(f.desktop.windows.isEmpty)
    }
    @Test func keysGoToTheFocusedWindow() {
        let f = Fixture()
        let a = f.open("a"), b = f.open("b"), c = f.open("c")
        _ = f.host.take()
        f.key(Key.a)
        #expect(f.host.take().map { $0.window } == [c.id])
        // alt+tab walks down the stack while alt is held.
        f.key(Key.tab, .alt)
        #expect(f.desktop.focused == b.id)
        f.key(Key.tab, .alt)
        #expect(f.desktop.focused == a.id)
        f.key(Key.leftAlt, [], action: .up)
        f.key(Key.tab, .alt)
        #expect(f.desktop.focused == b.id)
        _ = f.host.take()
        f.key(Key.f4, .alt)
        #expect(f.host.events(b.id) == [.close])
        // The power key asks every program to go.
        _ = f.host.take()
        f.key(Key.power)
        f.key(Key.power, [], action: .up)
        #expect(f.host.take().filter { $0.event == .close }.map { $0.window }.sorted() == [a.id, b.id, c.id].sorted())
    }
    @Test func wheelAndHover() {
        let f = Fixture()
        let a = f.open("a", at: (100, 200)), b = f.open("b", at: (500, 300))
        _ = f.host.take()
        f.move(150, 250); f.desktop.input(.wheel(-2), modifiers: [], now: 0); f.move(550, 350)
        let kinds = f.host.take().compactMap { e -> String? in if case .pointer(let p) = e.event { return "\(e.window == a.id ? "a" : "b")\(p.kind)" } else { return nil } }
        #expect(kinds == ["amove", "awheel", "aleave", "bmove"] && f.desktop.focused == b.id)
        // While a button is held the window keeps getting events from outside.
        f.down(); f.move(10, 500); f.up()
        guard case .pointer(let p)? = f.host.events(b.id).last(where: { if case .pointer(let p) = $0 { return p.kind == .up } else { return false } }) else { Issue.record("no release"); return }
        #expect(p.x == -490 && p.y == 200)
    }
    @Test func cursorShapeFollowsTheWindow() {
        let f = Fixture()
        let w = f.open(at: (100, 200))
        f.move(150, 250)
        _ = f.compose()
        let before = f.pixel(147, 242)
        f.desktop.request(w.id, .setCursor(.text), memory: nil)
        _ = f.compose()
        #expect(f.pixel(150, 250) == 0xFFFFFFFF && before != f.pixel(147, 242))
        f.move(700, 500)
        _ = f.compose()
        #expect(f.pixel(150, 250) == 0xFFAA0000)               // what was under it is back
    }
    @Test func decoderMakesOneMovePerSync() {
        var d = InputDecoder(width: 1000, height: 500), out: [InputAction] = []
        for r in [(3, 0, 32767), (3, 1, 0), (0, 0, 0), (1, 0x110, 1), (0, 0, 0), (3, 0, 0), (1, 0x110, 0), (2, 8, -1), (1, 30, 1), (9, 9, 9), (3, 0, -5), (0, 0, 0)] as [(UInt16, UInt16, Int32)] {
            d.decode(InputEventRecord(type: r.0, code: r.1, value: r.2)) { out.append($0) }
        }
        #expect(out == [.move(x: 999, y: 0), .button(index: 0, isDown: true), .move(x: 0, y: 0), .button(index: 0, isDown: false), .wheel(-1),
                        .key(KeyEvent(code: 30, action: .down, modifiers: [], character: 97)), .move(x: 0, y: 0)])
    }
    @Test func clockText() {
        #expect(MenuBar.clockText(nanoseconds: 0) == "Thu 1 Jan  00:00")
        #expect(MenuBar.clockText(nanoseconds: 1_795_228_020 * 1_000_000_000) == "Sat 21 Nov  02:27")
        #expect(MenuBar.clockText(nanoseconds: 951_868_799 * 1_000_000_000) == "Tue 29 Feb  23:59")
    }
    @Test func damageCoversEverythingAdded() {
        var seed: UInt64 = 3
        func next(_ n: UInt64) -> Int32 { seed = seed &* 6364136223846793005 &+ 1442695040888963407; return Int32((seed >> 33) % n) }
        for _ in 0..<300 {
            var d = DamageRegion(bounds: Rect(0, 0, 100, 100)), covered = Set<Int32>()
            for _ in 0..<next(30) + 1 {
                let r = Rect(next(120) - 10, next(120) - 10, next(30), next(30))
                d.add(r)
                let v = r.intersection(d.bounds)
                for y in v.y..<max(v.y, v.maxY) { for x in v.x..<max(v.x, v.maxX) { covered.insert(y * 100 + x) } }
            }
            #expect(d.rects.count <= DamageRegion.countMax)
            for (i, a) in d.rects.enumerated() { for b in d.rects[(i + 1)...] { #expect(a.intersection(b).isEmpty) } }
            #expect(covered.allSatisfy { p in d.rects.contains { $0.contains(p % 100, p / 100) } })
        }
    }
    /// The picture after many partial compositions equals one drawn from nothing.
    @Test func partialCompositionEqualsFull() {
        let f = Fixture(400, 300, fonts: TestScreen.fonts)
        var seed: UInt64 = 11
        func next(_ n: UInt64) -> Int32 { seed = seed &* 6364136223846793005 &+ 1442695040888963407; return Int32((seed >> 33) % n) }
        for step in 0..<120 {
            switch next(6) {
            case 0 where f.desktop.windows.count < 5: f.open("w\(step)", 80 + next(150), 60 + next(80), pixel: 0xFF000000 | UInt32(next(0xFFFFFF)))
            case 1: f.click(next(400), next(300))
            case 2: f.move(next(400), next(300)); f.down(); f.move(next(400), next(300)); f.up()
            case 3: if let w = f.desktop.windows.first, f.desktop.windows.count > 2 { f.desktop.remove(w.id) }
            case 4: f.key(Key.tab, .alt)
            default: f.move(next(400), next(300))
            }
            _ = f.compose()
            let partial = Array(UnsafeBufferPointer(start: f.frame, count: 400 * 300))
            f.desktop.damage.add(Rect(0, 0, 400, 300))
            _ = f.compose()
            let full = Array(UnsafeBufferPointer(start: f.frame, count: 400 * 300))
            if let i = partial.indices.first(where: { partial[$0] != full[$0] }) {
                Issue.record("differs after step \(step) at \(i % 400), \(i / 400): \(String(partial[i], radix: 16)) instead of \(String(full[i], radix: 16))")
                return
            }
        }
    }
}

/// Fonts for pictures; a screenshot to look at when TERRARIUM_SAMPLES names a folder.
@Suite struct TestScreen {
    nonisolated(unsafe) static let fonts: FontLibrary = {
        let l = FontLibrary()
        for (file, family, bold) in [("DejaVuSans", "dejavu sans", false), ("DejaVuSans-Bold", "dejavu sans", true), ("DejaVuSerif", "dejavu serif", false),
                                     ("DejaVuSansMono", "dejavu sans mono", false), ("DejaVuSansMono-Bold", "dejavu sans mono", true)] {
            guard let d = FileManager.default.contents(atPath: "/usr/share/fonts/truetype/dejavu/\(file).ttf") else { continue }
            let p = UnsafeMutableRawBufferPointer.allocate(byteCount: d.count, alignment: 1)
            p.copyBytes(from: d)
            if let face = FontFace(data: UnsafeRawBufferPointer(p)) { l.add(face, family: family, bold: bold, italic: false) }
        }
        return l
    }()
    @Test func screenshot() throws {
        let f = Fixture(1024, 768, fonts: Self.fonts)
        f.desktop.setClock(nanoseconds: 1_795_228_020 * 1_000_000_000)
        f.open("Notes", 360, 220, pixel: 0xFFFFFBE8, at: (80, 140))
        f.open("Terminal", 480, 300, pixel: 0xFF14181F, at: (260, 260))
        f.click(30, 10); f.move(60, f.desktop.menu.itemRect(1).y + 10)
        f.down(); f.move(60, f.desktop.menu.itemRect(2).y + 4); f.up()
        f.click(30, 10); f.move(60, f.desktop.menu.itemRect(1).y + 10)
        _ = f.compose()
        guard let folder = ProcessInfo.processInfo.environment["TERRARIUM_SAMPLES"] else { return }
        var out = Data("P6\n1024 768\n255\n".utf8)
        for i in 0..<(1024 * 768) { let p = f.frame[i]; out.append(contentsOf: [UInt8(p >> 16 & 255), UInt8(p >> 8 & 255), UInt8(p & 255)]) }
        try out.write(to: URL(fileURLWithPath: folder + "/desktop-sample.ppm"))
    }
}
