// The real network as the far end: libslirp on this host. Frames in and out are queues; `poll` waits a millisecond.
import CSlirp
import Foundation
import XCTest

final class SlirpFarEnd: FarEnd {
    private final class Timer {
        let callback: @convention(c) (UnsafeMutableRawPointer?) -> Void, opaque: UnsafeMutableRawPointer?
        var due = Int64.max
        init(_ c: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void, _ o: UnsafeMutableRawPointer?) { callback = c; opaque = o }
    }
    private var slirp: OpaquePointer?
    private let callbacks = UnsafeMutablePointer<SlirpCb>.allocate(capacity: 1)
    private var frames: [[UInt8]] = []
    private var descriptors: [pollfd] = []
    private var timers: [Timer] = []
    var isReal: Bool { true }

    private static func of(_ p: UnsafeMutableRawPointer?) -> SlirpFarEnd { Unmanaged.fromOpaque(p!).takeUnretainedValue() }
    private static var hostNow: Int64 { Int64(DispatchTime.now().uptimeNanoseconds) }

    init() throws {
        func address(_ d: UInt8) -> in_addr { in_addr(s_addr: UInt32(10) | UInt32(2) << 16 | UInt32(d) << 24) }
        var c = SlirpCb()
        c.send_packet = { b, n, o in
            SlirpFarEnd.of(o).frames.append([UInt8](UnsafeRawBufferPointer(start: b, count: n)))
            return n
        }
        c.guest_error = { m, _ in XCTFail("slirp: " + (m.map { String(cString: $0) } ?? "")) }
        c.clock_get_ns = { _ in SlirpFarEnd.hostNow }
        c.timer_new = { callback, own, o in
            let t = Timer(callback!, own)
            SlirpFarEnd.of(o).timers.append(t)
            return Unmanaged.passUnretained(t).toOpaque()
        }
        c.timer_free = { t, o in SlirpFarEnd.of(o).timers.removeAll { Unmanaged.passUnretained($0).toOpaque() == t } }
        c.timer_mod = { t, due, o in for k in SlirpFarEnd.of(o).timers where Unmanaged.passUnretained(k).toOpaque() == t { k.due = due } }
        c.register_poll_fd = { _, _ in }
        c.unregister_poll_fd = { _, _ in }
        c.notify = { _ in }
        c.init_completed = { _, _ in }
        callbacks.initialize(to: c)
        var configuration = SlirpConfig()
        configuration.version = 4
        configuration.in_enabled = true
        configuration.vnetwork = address(0); configuration.vnetmask = in_addr(s_addr: 0x00FF_FFFF)
        configuration.vhost = address(2); configuration.vdhcp_start = address(15); configuration.vnameserver = address(3)
        slirp = slirp_new(&configuration, callbacks, Unmanaged.passUnretained(self).toOpaque())
        try XCTSkipIf(slirp == nil, "libslirp cannot start")
    }
    deinit {
        if let slirp { slirp_cleanup(slirp) }
        callbacks.deallocate()
    }
    func receive(_ frame: [UInt8], now: UInt64) { frame.withUnsafeBufferPointer { slirp_input(slirp, $0.baseAddress, Int32($0.count)) } }
    func takeFrame() -> [UInt8]? { frames.isEmpty ? nil : frames.removeFirst() }
    func poll(now: UInt64) -> UInt64? {
        let this = Unmanaged.passUnretained(self).toOpaque()
        var timeout: UInt32 = 0
        descriptors = []
        slirp_pollfds_fill(slirp, &timeout, { fd, events, o in
            let e = SlirpFarEnd.of(o)
            e.descriptors.append(pollfd(fd: fd, events: Int16((events & 1 != 0 ? POLLIN : 0) | (events & 2 != 0 ? POLLOUT : 0)), revents: 0))
            return Int32(e.descriptors.count - 1)
        }, this)
        let result = Foundation.poll(&descriptors, nfds_t(descriptors.count), frames.isEmpty ? 1 : 0)
        slirp_pollfds_poll(slirp, result < 0 ? 1 : 0, { i, o in
            let r = Int32(SlirpFarEnd.of(o).descriptors[Int(i)].revents)
            return (r & POLLIN != 0 ? 1 : 0) | (r & POLLOUT != 0 ? 2 : 0) | (r & POLLERR != 0 ? 8 : 0) | (r & POLLHUP != 0 ? 16 : 0)
        }, this)
        for t in timers where t.due <= SlirpFarEnd.hostNow / 1_000_000 { t.due = .max; t.callback(t.opaque) }
        return nil
    }
}

/// A server program of this host, ended with the test.
final class HostServer {
    private let task = Process()
    init(_ arguments: [String]) throws {
        task.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        task.arguments = arguments
        task.standardOutput = FileHandle.nullDevice
        task.standardError = FileHandle.nullDevice
        try task.run()
    }
    var isRunning: Bool { task.isRunning }
    deinit { if task.isRunning { task.terminate(); task.waitUntilExit() } }

    /// A port nobody listens on at the moment.
    static func freePort() -> UInt16 {
        let s = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(s) }
        var a = sockaddr_in()
        a.sin_family = sa_family_t(AF_INET)
        a.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var n = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &a) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(s, $0, n) } }
        _ = withUnsafeMutablePointer(to: &a) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(s, $0, &n) } }
        return UInt16(bigEndian: a.sin_port)
    }
    /// Waits until something listens.
    static func waitFor(port: UInt16) -> Bool {
        for _ in 0..<200 {
            let s = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(s) }
            var a = sockaddr_in()
            a.sin_family = sa_family_t(AF_INET)
            a.sin_port = port.bigEndian
            a.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let n = socklen_t(MemoryLayout<sockaddr_in>.size)
            if withUnsafePointer(to: &a, { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(s, $0, n) } }) == 0 { return true }
            usleep(50_000)
        }
        return false
    }
}
