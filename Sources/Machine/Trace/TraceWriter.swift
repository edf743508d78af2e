// Owns the recording of a run. Invariant: what is on disk is a prefix of the run made of whole chunks; at most the last
// second is missing after a crash. A full disk stops the recording, not the machine, and is reported by `finish`.
import Glibc

/// Streams a trace to a file.
public final class TraceWriter: TraceRecorder, HostSource {
    public let path: String
    public private(set) var eventCount: UInt64 = 0
    public private(set) var checkpointCount: UInt64 = 0
    /// Bytes written to the file.
    public private(set) var fileByteCount = 0
    private var file: UnsafeMutablePointer<FILE>?
    private let deflater: Deflater
    private var context = RecordContext()
    private var pending = ByteEncoder()
    private var pendingSince: (tick: UInt64, host: UInt64)?
    private var failure: String?
    public var needsWallClock: Bool { false }

    public init(path: String, header: TraceHeader) throws(MachineError) {
        self.path = path
        guard let deflater = Deflater() else { throw MachineError("zlib could not be started") }
        self.deflater = deflater
        file = fopen(path, "wb")
        guard file != nil else { throw MachineError("cannot write trace \(path): \(String(cString: strerror(errno)))") }
        put(TraceFormat.encode(header))
        flushFile()
    }

    deinit { if let file { fclose(file) } }

    /// Records everything that enters `machine` from now on; to be called before its first run.
    public func attach(to machine: Machine) {
        invariant(machine.now == .zero, "recording must start at power-on")
        machine.recorder = self
        machine.addSource(self)
    }

    public func append(_ event: HostEvent, at tick: Tick) {
        eventCount += 1
        append(TraceRecord(tick: tick, item: .event(event)))
    }

    public func append(_ checkpoint: Checkpoint) {
        checkpointCount += 1
        append(TraceRecord(tick: checkpoint.tick, item: .checkpoint(checkpoint)))
    }

    private func append(_ record: TraceRecord) {
        context.encode(record, into: &pending)
        let since = pendingSince ?? (record.tick.nanoseconds, Pacer.hostNanoseconds())
        pendingSince = since
        let age = record.tick.nanoseconds - since.tick
        if age >= TraceFormat.flushNanoseconds || pending.bytes.count >= TraceFormat.flushByteCount { flush() }
    }

    /// Called by the machine's loop: what has waited a second of real time goes to disk.
    public func poll() {
        guard let since = pendingSince else { return }
        if Pacer.hostNanoseconds() - since.host >= TraceFormat.flushNanoseconds { flush() }
    }

    private func flush() {
        guard !pending.bytes.isEmpty else { return }
        let raw = pending.bytes
        pending.bytes = []
        pendingSince = nil
        guard let stored = deflater.compress(raw) else { failure = failure ?? "zlib failed"; return }
        putChunk(TraceFormat.chunkData, stored, rawCount: raw.count)
        flushFile()
    }

    /// Takes the final checkpoint, writes the footer and closes the file. Throws when anything could not be written.
    public func finish(_ machine: Machine) throws(MachineError) {
        machine.takeCheckpoint()
        machine.recorder = nil
        flush()
        var body = ByteEncoder()
        body.varint(machine.now.nanoseconds)
        body.varint(eventCount)
        body.varint(checkpointCount)
        putChunk(TraceFormat.chunkFooter, body.bytes, rawCount: body.bytes.count)
        if let file, fclose(file) != 0 { failure = failure ?? String(cString: strerror(errno)) }
        file = nil
        if let failure { throw MachineError("trace \(path) is incomplete: \(failure)") }
    }

    private func putChunk(_ kind: UInt8, _ stored: [UInt8], rawCount: Int) {
        var header = ByteEncoder()
        header.byte(kind)
        header.fixed32(UInt32(stored.count))
        header.fixed32(UInt32(rawCount))
        header.fixed32(TraceFormat.crc(stored))
        header.fixed32(TraceFormat.crc(header.bytes))
        put(header.bytes)
        put(stored)
    }

    private func put(_ bytes: [UInt8]) {
        guard let file, failure == nil else { return }
        if fwrite(bytes, 1, bytes.count, file) != bytes.count { failure = String(cString: strerror(errno)) }
        fileByteCount += bytes.count
    }

    private func flushFile() {
        if let file, fflush(file) != 0 { failure = failure ?? String(cString: strerror(errno)) }
    }
}
