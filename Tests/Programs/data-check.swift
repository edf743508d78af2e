// A boot program: counts on in /data/count, each step written beside, renamed over it and synced, and prints what is
// durable.
import ABI
import FileClient
import Runtime

#if arch(wasm32)
private let stepCount = 12

private func number(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 * 10 + Int($1) - 48 } }

private func count(_ files: FileClient) {
    var n = 0
    do throws(FileError) { n = number(try files.readFile("/data/count", limit: 20)) } catch { System.log("no count: " + error.name) }
    System.log("found \(n)")
    for _ in 0..<stepCount {
        do throws(FileError) {
            try files.writeFile("/data/count.new", Array("\(n + 1)".utf8))
            try files.rename("/data/count.new", to: "/data/count")
            n += 1
            try files.sync()
            System.log("durable \(n)")
        } catch { System.log("failed at \(n): " + error.name) }
    }
}
private func work() {
    do throws(FileError) {
        let files = try FileClient.connect()
        var names = ""
        for e in try files.list("/") { names += " " + e.name }
        System.log("root:" + names)
        count(files)
        // More than the volume keeps in memory, so that it commits by itself; not synced.
        let large = [UInt8](repeating: 0x5A, count: 6 << 20)
        do throws(FileError) {
            try files.writeFile("/data/large", large)
            System.log(try files.readFile("/data/large", limit: 8 << 20) == large ? "large: equal" : "large: different")
        } catch { System.log("large: " + error.name) }
    } catch { System.log("no files: " + error.name) }
    System.log("data-check: done")
}

@_expose(wasm, "start") @_cdecl("start") public func start(_ bootstrap: Int32) {
    work()
    Reactor.main.after(400_000_000) { System.log("data-check: later") }
}
@_expose(wasm, "handle") @_cdecl("handle") public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
