// A boot program: keeps each line typed on the console in a block of the data disk of its own, reads it back and prints
// it. First it prints what the disk held when the machine was switched on.
import ABI
import Runtime

#if arch(wasm32)
private let blockByteCount = 4096

private func block(_ disk: BlockDisk, _ index: Int) throws(SystemError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockByteCount, alignment: 16)
    defer { buffer.deallocate() }
    try disk.read(sector: UInt64(index * blockByteCount / disk.sectorByteCount), into: buffer)
    var text: [UInt8] = []
    for byte in buffer where byte != 0 { text.append(byte) }
    return text
}
private func keep(_ disk: BlockDisk, _ index: Int, _ text: [UInt8]) throws(SystemError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockByteCount, alignment: 16)
    defer { buffer.deallocate() }
    for i in 0..<blockByteCount { buffer[i] = i < text.count ? text[i] : 0 }
    try disk.write(sector: UInt64(index * blockByteCount / disk.sectorByteCount), from: UnsafeRawBufferPointer(buffer))
    try disk.flush()
}
private func run(_ system: Handle) throws(SystemError) {
    let console = try Console.open(system: system), disk = try BlockDisk.open(system: system)
    try console.write("found: " + String(decoding: try block(disk, 0), as: UTF8.self) + "\n")
    var line: [UInt8] = [], count = 0
    while true {
        try System.wait(console.handle, .readable)
        for byte in try console.read() ?? [] {
            if byte != 10 { line.append(byte); continue }
            try keep(disk, count, line)
            try console.write("kept \(count) at \(System.now): " + String(decoding: try block(disk, count), as: UTF8.self) + "\n")
            count += 1
            line = []
        }
    }
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ system: Int32) {
    do throws(SystemError) { try run(Handle(UInt32(bitPattern: system))) } catch { System.log("keeper: " + error.name) }
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
