// A boot program: uses every operation of the file service and prints what it found, one line each.
import ABI
import FileClient
import Runtime

#if arch(wasm32)
private func attempt(_ what: String, _ body: () throws(FileError) -> String) {
    do throws(FileError) { System.log(what + ": " + (try body())) } catch { System.log(what + ": " + error.name) }
}
private func pattern(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    for i in 0..<count { bytes[i] = UInt8(truncatingIfNeeded: i &* 131 &+ i >> 8) }
    return bytes
}
private func names(_ list: [DirectoryEntry]) -> String {
    var out = ""
    for e in list { out += (out.isEmpty ? "" : " ") + e.name + (e.isDirectory ? "/" : "=\(e.byteCount)") }
    return out
}
private func check(_ files: FileClient) {
    attempt("root") { () throws(FileError) in names(try files.list("/")) }
    attempt("system") { () throws(FileError) in names(try files.list("/system/fonts/..")) }
    attempt("boot.conf") { () throws(FileError) in String(decoding: try files.readFile("/system/boot.conf", limit: 23), as: UTF8.self) }
    attempt("write to /system") { () throws(FileError) in try files.writeFile("/system/boot.conf", [1]); return "done" }
    attempt("make directory") { () throws(FileError) in try files.makeDirectory("/tmp/a"); return "done" }
    attempt("write small") { () throws(FileError) in try files.writeFile("/tmp/a/small", Array("hello".utf8)); return "done" }
    attempt("read small") { () throws(FileError) in String(decoding: try files.readFile("/tmp/a/small", limit: 100), as: UTF8.self) }
    // More than a message holds, and more than the shared memory holds.
    let large = pattern(700_001)
    attempt("write large") { () throws(FileError) in try files.writeFile("/tmp/a/large", large); return "done" }
    attempt("read large") { () throws(FileError) in try files.readFile("/tmp/a/large", limit: 1 << 20) == large ? "equal" : "different" }
    attempt("copy") { () throws(FileError) in try files.copy("/tmp/a/large", to: "/tmp/copy"); return "\(try files.stat("/tmp/copy").byteCount)" }
    attempt("exclusive") { () throws(FileError) in _ = try files.open("/tmp/copy", [.write, .create, .exclusive]); return "done" }
    attempt("append") { () throws(FileError) in
        let file = try files.open("/tmp/a/small", [.read, .write, .append])
        try files.write(file, at: 0, Array(" world".utf8))
        try files.truncate(file, to: 8)
        let text = String(decoding: try files.read(file, at: 0, count: 100), as: UTF8.self)
        try files.close(file)
        return text
    }
    attempt("remove a full directory") { () throws(FileError) in try files.remove("/tmp/a"); return "done" }
    attempt("rename") { () throws(FileError) in try files.rename("/tmp/copy", to: "/tmp/a/moved"); return names(try files.list("/tmp/a")) }
    attempt("escape") { () throws(FileError) in names(try files.list("/tmp/../../..")) }
    attempt("fill") { () throws(FileError) in try files.writeFile("/tmp/full", [UInt8](repeating: 1, count: 9 << 20)); return "done" }
    attempt("remove") { () throws(FileError) in try files.remove("/tmp/full"); return "done" }
    attempt("volume") { () throws(FileError) in
        let v = try files.volume("/tmp")
        return v.path + " \(v.byteCountTotal - v.byteCountFree) \(v.nodeCount)"
    }
}
/// Sends what is no request; the service closes the channel.
private func misbehave() {
    do throws(SystemError) {
        let channel = try System.connect("files")
        try channel.send([1, 2])
        try System.wait(channel.handle, .peerClosed, deadline: Int64(System.now + 1_000_000_000))
        System.log("malformed: disconnected")
    } catch { System.log("malformed: " + error.name) }
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) {
    do throws(FileError) {
        let files = try FileClient.connect()
        check(files)
        misbehave()
        // A client that dies with an open, removed file: the volume gets its blocks back.
        let dying = try FileClient.connect()
        let file = try dying.open("/tmp/dying", [.write, .create])
        try dying.write(file, at: 0, pattern(50_000))
        try dying.remove("/tmp/dying")
        let held = try files.volume("/tmp").byteCountFree
        dying.close()
        System.wait(1_000_000)
        System.log("freed with its client: \(try files.volume("/tmp").byteCountFree - held)")
    } catch { System.log("cannot use files: " + error.name) }
    System.log("files-check: done")
}
extension System {
    static func wait(_ nanoseconds: UInt64) { _ = rawSystemCall(.waitMany, 0, 0, Int64(now + nanoseconds)) }
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
