// Owns the encoding of trace records: tick differences, pointer differences, and checkpoints as "only what changed".
// Invariant: encoder and decoder keep the same context, record by record.

/// What both sides remember between records.
struct RecordContext {
    var tick: UInt64 = 0
    var x: Int64 = 0
    var y: Int64 = 0
    var entries: [Checkpoint.Entry] = []
}

enum RecordKind {
    static let key: UInt8 = 0, move: UInt8 = 1, button: UInt8 = 2, wheel: UInt8 = 3, packet: UInt8 = 4
    static let close: UInt8 = 5, console: UInt8 = 6, checkpoint: UInt8 = 16, checkpointWithNames: UInt8 = 17
}

extension RecordContext {
    mutating func encode(_ record: TraceRecord, into out: inout ByteEncoder) {
        out.varint(record.tick.nanoseconds &- tick)
        tick = record.tick.nanoseconds
        switch record.item {
        case .event(let event): encode(event, into: &out)
        case .checkpoint(let checkpoint): encode(checkpoint, into: &out)
        }
    }

    private mutating func encode(_ event: HostEvent, into out: inout ByteEncoder) {
        switch event {
        case .key(let code, let down): out.byte(RecordKind.key); out.varint(UInt64(code) << 1 | (down ? 1 : 0))
        case .pointerMove(let newX, let newY):
            out.byte(RecordKind.move)
            out.signed(Int64(newX) - x)
            out.signed(Int64(newY) - y)
            x = Int64(newX); y = Int64(newY)
        case .pointerButton(let code, let down): out.byte(RecordKind.button); out.varint(UInt64(code) << 1 | (down ? 1 : 0))
        case .wheel(let notches): out.byte(RecordKind.wheel); out.signed(Int64(notches))
        case .packet(let frame): out.byte(RecordKind.packet); out.blob(frame)
        case .consoleInput(let bytes): out.byte(RecordKind.console); out.blob(bytes)
        case .close: out.byte(RecordKind.close)
        }
    }

    private mutating func encode(_ checkpoint: Checkpoint, into out: inout ByteEncoder) {
        let sameNames = checkpoint.entries.elementsEqual(entries) { $0.name == $1.name }
        out.byte(sameNames ? RecordKind.checkpoint : RecordKind.checkpointWithNames)
        if !sameNames {
            out.varint(UInt64(checkpoint.entries.count))
            for entry in checkpoint.entries { out.text(entry.name); out.fixed64(entry.hash) }
        } else {
            let changed = checkpoint.entries.indices.filter { checkpoint.entries[$0].hash != entries[$0].hash }
            out.varint(UInt64(changed.count))
            for index in changed { out.varint(UInt64(index)); out.fixed64(checkpoint.entries[index].hash) }
        }
        entries = checkpoint.entries
    }

    /// The next record; nil when it is malformed.
    mutating func decode(_ input: inout ByteDecoder) -> TraceRecord? {
        guard let delta = input.varint(), let kind = input.byte() else { return nil }
        let (sum, overflow) = tick.addingReportingOverflow(delta)
        if overflow { return nil }
        tick = sum
        let item: ReplayItem?
        switch kind {
        case RecordKind.checkpoint, RecordKind.checkpointWithNames:
            item = decodeCheckpoint(&input, withNames: kind == RecordKind.checkpointWithNames).map { .checkpoint($0) }
        default: item = decodeEvent(&input, kind).map { .event($0) }
        }
        return item.map { TraceRecord(tick: Tick(nanoseconds: sum), item: $0) }
    }

    private mutating func decodeEvent(_ input: inout ByteDecoder, _ kind: UInt8) -> HostEvent? {
        switch kind {
        case RecordKind.key, RecordKind.button:
            guard let value = input.varint(), value >> 1 <= 0xffff else { return nil }
            let code = UInt16(value >> 1), down = value & 1 == 1
            return kind == RecordKind.key ? .key(code: code, down: down) : .pointerButton(code: code, down: down)
        case RecordKind.move:
            guard let dx = input.signed(), let dy = input.signed(), abs(dx / 2) < 40_000, abs(dy / 2) < 40_000 else { return nil }
            x += dx; y += dy
            guard let newX = UInt16(exactly: x), let newY = UInt16(exactly: y) else { return nil }
            return .pointerMove(x: newX, y: newY)
        case RecordKind.wheel:
            guard let value = input.signed(), let notches = Int32(exactly: value) else { return nil }
            return .wheel(notches)
        case RecordKind.packet: return input.blob().map { .packet($0) }
        case RecordKind.console: return input.blob().map { .consoleInput($0) }
        case RecordKind.close: return .close
        default: return nil
        }
    }

    private mutating func decodeCheckpoint(_ input: inout ByteDecoder, withNames: Bool) -> Checkpoint? {
        guard let count = input.varint(), count <= 4096 else { return nil }
        if withNames { entries = [] }
        for _ in 0..<count {
            if withNames {
                guard let name = input.text(), let hash = input.fixed64() else { return nil }
                entries.append(.init(name: name, hash: hash))
            } else {
                guard let index = input.varint(), let hash = input.fixed64(), index < UInt64(entries.count) else { return nil }
                entries[Int(index)].hash = hash
            }
        }
        return Checkpoint(tick: Tick(nanoseconds: tick), entries: entries)
    }
}
