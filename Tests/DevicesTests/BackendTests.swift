import CSDL2
@testable import Devices
import Foundation
import Machine
import XCTest

final class BackendTests: XCTestCase {
    /// A DHCPDISCOVER (RFC 2131) in UDP/IPv4/Ethernet.
    private func discover(_ mac: [UInt8]) -> [UInt8] {
        func big16(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
        var dhcp: [UInt8] = [1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78] + [UInt8](repeating: 0, count: 20) + mac
        dhcp += [UInt8](repeating: 0, count: 236 - dhcp.count) + [0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]
        let udp = big16(68) + big16(67) + big16(8 + dhcp.count) + [0, 0] + dhcp
        var ip: [UInt8] = [0x45, 0] + big16(20 + udp.count) + [0, 1, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]
        var sum = 0
        for index in stride(from: 0, to: 20, by: 2) { sum += Int(ip[index]) << 8 | Int(ip[index + 1]) }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        ip[10] = UInt8((~sum >> 8) & 255); ip[11] = UInt8(~sum & 255)
        return [255, 255, 255, 255, 255, 255] + mac + [8, 0] + ip + udp
    }

    func testSlirpOffersAnAddress() throws {
        let machine = try makeTestMachine()
        let backend = try SlirpBackend()
        let device = NetDevice(backend: backend)
        _ = try VirtIOTransport(machine: machine, device: device, slot: 3)
        let driver = Driver(machine, slot: 3)
        driver.start(queueCount: 2)
        var buffers: [UInt64] = []
        for _ in 0..<8 { buffers.append(driver.queues[0].request([], room: 1526).answer) }
        driver.notify(0)
        driver.queues[1].request([UInt8](repeating: 0, count: 12) + discover(device.macAddress), room: 0)
        driver.notify(1)
        XCTAssertFalse(backend.needsWallClock)
        _ = machine.run(until: .predicate { device.receivedFrameCount > 0 || machine.now > .seconds(3) })
        XCTAssertTrue(backend.needsWallClock)
        let used = driver.queues[0].takeUsed()
        XCTAssertEqual(used.count, 1)
        let frame = driver.queues[0].load(buffers[0] + 12, max(0, (used.first?.count ?? 12) - 12))
        XCTAssertGreaterThan(frame.count, 14 + 20 + 8 + 240)
        XCTAssertEqual(Array(frame[(42 + 16)..<(42 + 20)]), [10, 0, 2, 15])   // yiaddr
        XCTAssertEqual(Array(frame[(42 + 240)..<(42 + 243)]), [53, 1, 2])     // DHCPOFFER
    }

    func testPNGDecodesElsewhere() throws {
        let path = NSTemporaryDirectory() + "shot-\(UUID().uuidString).png"
        defer { unlink(path) }
        try PNGWriter.write(pixels: (0..<600).map { UInt32($0 * 997) }, width: 30, height: 20, path: path)
        XCTAssertThrowsError(try PNGWriter.write(pixels: [0], width: 1, height: 1, path: "/nonexistent/x.png"))
        XCTAssertThrowsError(try PNGWriter.encode(pixels: [], width: 0, height: 0))
    }

    func testWindowWithoutADisplayIsATypedError() throws {
        setenv("SDL_VIDEODRIVER", "no-such-driver", 1)
        let device = GPUDevice()
        XCTAssertThrowsError(try SDLDisplay(frame: device.frame, port: HostPort())) {
            XCTAssertTrue(($0 as? MachineError)?.message.contains("no display") == true)
        }
    }

    func testWindowTurnsInputIntoHostEvents() throws {
        setenv("SDL_VIDEODRIVER", "dummy", 1)
        setenv("SDL_RENDER_DRIVER", "software", 1)
        let machine = try makeTestMachine()
        let device = GPUDevice(width: 320, height: 200)
        _ = try VirtIOTransport(machine: machine, device: device, slot: 4)
        let display = try SDLDisplay(frame: device.frame, port: machine.hostPort)
        final class Sink: HostEventSink {
            var events: [HostEvent] = []
            func receive(_ event: HostEvent) -> Bool { events.append(event); return true }
        }
        let sink = Sink(), guest = TestGuest()
        machine.addSink(sink)
        machine.addSource(display)
        machine.guest = guest
        func push(_ fill: (inout SDL_Event) -> Void) { var event = SDL_Event(); fill(&event); SDL_PushEvent(&event) }
        push { $0.type = SDL_KEYDOWN.rawValue; $0.key.keysym.scancode = SDL_SCANCODE_A }
        push { $0.type = SDL_MOUSEBUTTONDOWN.rawValue; $0.button.x = 319; $0.button.y = 0; $0.button.button = 1 }
        push { $0.type = SDL_MOUSEWHEEL.rawValue; $0.wheel.y = 3 }
        push { $0.type = SDL_QUIT.rawValue }
        XCTAssertEqual(machine.run(until: .tick(.seconds(2)), pacing: .wallClock), .closed)
        let move = HostEvent.pointerMove(x: UInt16((319 * 32768 + 16384) / 320), y: UInt16(16384 / 200))
        XCTAssertEqual(sink.events, [.key(code: 30, down: true), move, .pointerButton(code: 0x110, down: true), .wheel(3)])
        let picture = (0..<(320 * 200)).map { 0xff00_0000 | UInt32($0 * 37) & 0xff_ffff }
        picture.withUnsafeBufferPointer { device.frame.show($0.baseAddress!, stride: 320, rect: device.frame.bounds) }
        display.present()
        XCTAssertGreaterThan(display.presentCount, 0)
        var shown = [UInt32](repeating: 0, count: 320 * 200)
        let renderer = try XCTUnwrap((1...8).compactMap { SDL_GetWindowFromID($0) }.compactMap { SDL_GetRenderer($0) }.first)
        SDL_RenderReadPixels(renderer, nil, UInt32(SDL_PIXELFORMAT_ARGB8888.rawValue), &shown, 320 * 4)
        XCTAssertEqual(shown.map { $0 & 0xff_ffff }, picture.map { $0 & 0xff_ffff })
    }

    func testKeyTable() {
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 4), 30)      // A
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 29), 44)     // Z
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 30), 2)      // 1
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 39), 11)     // 0
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 40), 28)     // return
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 79), 106)    // right
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 82), 103)    // up
        XCTAssertEqual(EvdevKeys.code(sdlScancode: 224), 29)    // left control
        XCTAssertNil(EvdevKeys.code(sdlScancode: 0))
        XCTAssertNil(EvdevKeys.code(sdlScancode: 100_000))
    }
}
