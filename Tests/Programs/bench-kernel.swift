// Measured: what the kernel's services cost the host. A boot program that sets a mark before and after each loop; the
// host looks at its clock at each mark (a: what is measured, 9 at the end; b: 0 before, else how often it was done).
import ABI
import Runtime

#if arch(wasm32)
private let callCount: Int64 = 100_000, roundTripCount = 10_000, cloneCount = 24, pageCount = 256

private final class Driver {
    var system = Handle.none
    var echo = Channel(.none), zygote = Channel(.none)
    var zygoteProcess = ProcessHandle(.none)
    var number = 0, clones = 0
    var copy: ProcessHandle?

    func fail(_ what: String) { System.log("bench-kernel: " + what) }
    func spawn() -> (Channel, ProcessHandle)? {
        do throws(SystemError) {
            let (mine, theirs) = try Channel.create()
            return (mine, try System.spawn("bench-echo", system: system, bootstrap: theirs.handle))
        } catch { fail("cannot start bench-echo: " + error.name); return nil }
    }
    func mark(_ a: Int64, _ b: Int64) { System.mark(.frameShown, a, b) }

    func run() {
        mark(1, 0)
        for _ in 0..<callCount { _ = rawSystemCall(.getPID) }
        mark(1, callCount)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: pageCount * Limits.pageByteCount, alignment: Limits.pageByteCount)
        mark(2, 0)
        for page in 0..<pageCount { fresh.storeBytes(of: 1, toByteOffset: page * Limits.pageByteCount + 8, as: UInt8.self) }
        mark(2, Int64(pageCount))
        guard let (channel, _) = spawn(), let (second, process) = spawn() else { return }
        echo = channel
        zygote = second
        zygoteProcess = process
        Reactor.main.onMessage(echo) { [self] _ in answered() }
        Reactor.main.onMessage(zygote) { [self] _ in _ = Reactor.main.after(1_000_000) { [self] in cloneOnce() } }
        mark(3, 0)
        send(echo, 0)
    }
    func send(_ channel: Channel, _ kind: UInt8) {
        do throws(SystemError) { try channel.send([kind, 1, 2, 3]) } catch { fail("cannot send: " + error.name) }
    }
    func answered() {
        number += 1
        if number < roundTripCount { return send(echo, 0) }
        mark(3, Int64(number))
        send(zygote, 1)
    }
    /// A clone, whose first read of every page is measured by itself; then the original writes to some of its pages.
    func cloneOnce() {
        copy?.kill()
        clones += 1
        if clones > cloneCount { return mark(9, 1) }
        do throws(SystemError) {
            let (mine, theirs) = try Channel.create()
            mark(4, 0)
            copy = try zygoteProcess.clone(bootstrap: theirs.handle)
            mark(4, 1)
            Reactor.main.onMessage(mine) { [self] _ in mine.close(); send(zygote, 2) }
        } catch { fail("cannot clone: " + error.name) }
    }
}
nonisolated(unsafe) private let driver = Driver()

@_expose(wasm, "start") @_cdecl("start")
public func start(_ system: Int32) {
    driver.system = Handle(UInt32(bitPattern: system))
    driver.run()
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
