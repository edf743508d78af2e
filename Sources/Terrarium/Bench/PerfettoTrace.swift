// Writes `trace.perfetto-trace`: the runs of a benchmark for ui.perfetto.dev. A run is a process; in it a track for each tab
// with its states, a track of the user's switches, one of decisions with their reasons, and counters of memory. The format
// is the protobuf `Trace` of Perfetto (protos/perfetto/trace): packets with a TrackDescriptor or a TrackEvent. Timestamps
// are nanoseconds of virtual time.

/// Protobuf wire format (protobuf.dev/programming-guides/encoding): what this file needs of it.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var v = value
        while v >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: v) | 0x80)
            v >>= 7
        }
        bytes.append(UInt8(v))
    }
    mutating func field(_ number: Int, _ value: UInt64) {
        varint(UInt64(number) << 3)
        varint(value)
    }
    mutating func field(_ number: Int, bytes content: [UInt8]) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }
    mutating func field(_ number: Int, _ text: String) { field(number, bytes: Array(text.utf8)) }
    mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        field(number, bytes: inner.bytes)
    }
}

enum PerfettoTrace {
    // Field numbers of Perfetto's messages.
    private enum Packet { static let timestamp = 8, sequence = 10, event = 11, descriptor = 60 }
    private enum Track { static let uuid = 1, name = 2, process = 3, parent = 5, counter = 8 }
    private enum Event { static let annotation = 4, type = 9, track = 11, category = 22, name = 23, counterValue = 30 }
    private enum EventType { static let begin: UInt64 = 1, end: UInt64 = 2, instant: UInt64 = 3, counter: UInt64 = 4 }
    private enum Annotation { static let unsigned = 3, text = 6, name = 10 }

    static func bytes(_ runs: [BenchRun]) -> [UInt8] {
        var trace = ProtobufWriter()
        for (i, run) in runs.enumerated() {
            var w = RunWriter(process: UInt64(i) + 1)
            w.write(run)
            trace.append(w.out)
        }
        return trace.bytes
    }

    private struct RunWriter {
        let process: UInt64
        var out = ProtobufWriter()
        private var nextTrack: UInt64
        private var sequence: UInt64 { process }

        init(process: UInt64) {
            self.process = process
            nextTrack = process << 32
        }

        mutating func write(_ run: BenchRun) {
            let root = track(nil) { [process] w in
                w.message(Track.process) { p in
                    p.field(1, process)
                    p.field(6, run.combination.text)
                }
            }
            counters(run, root)
            let switches = track(root, name: "switches")
            for s in run.switches {
                slice(switches, "to tab \(s.tab) (\(s.state))", from: s.tick, to: s.tick + (s.latency ?? 0), [("pages compressed", UInt64(s.pagesCompressed)), ("pages swapped", UInt64(s.pagesSwapped))])
            }
            let decisions = track(root, name: "decisions")
            for d in run.decisions {
                packet(d.tick) { w in
                    w.field(Event.type, EventType.instant)
                    w.field(Event.track, decisions)
                    w.field(Event.category, "decision")
                    w.field(Event.name, "\(d.action) tab \(d.tab)\(d.isApplied ? "" : " (refused)")")
                    Self.annotate(&w, "reason", d.reason)
                    Self.annotate(&w, "by", d.policy)
                    Self.annotate(&w, "frames free", UInt64(d.framesFree))
                    Self.annotate(&w, "low watermark", UInt64(d.framesLow))
                    Self.annotate(&w, "pressure, per mille", UInt64(d.pressureSome))
                }
            }
            var tab: UInt32 = 0, row: UInt64 = 0
            for span in run.tabStates {
                if span.tab != tab || row == 0 {
                    tab = span.tab
                    row = track(root, name: "tab \(tab)")
                }
                slice(row, span.state, from: span.from, to: span.to, [])
            }
        }
        /// Only changes are written: a counter keeps its value.
        private mutating func counters(_ run: BenchRun, _ root: UInt64) {
            let list: [(String, (BenchRun.Sample) -> UInt64)] = [
                ("free MiB", { UInt64($0.free) >> 4 }), ("tabs on screen MiB", { UInt64($0.active) >> 4 }), ("hidden tabs MiB", { UInt64($0.hidden) >> 4 }), ("asleep, not yet compressed MiB", { UInt64($0.asleep) >> 4 }),
                ("compressed pool MiB", { UInt64($0.pool) >> 4 }), ("pages swapped", { UInt64($0.pagesSwapped) }), ("saved MiB", { UInt64(HibernationBench.saved($0)) >> 4 }), ("pressure some per mille", { UInt64($0.pressureSome) }),
            ]
            for (name, value) in list {
                let id = track(root, name: name) { $0.message(Track.counter) { _ in } }
                var last: UInt64?
                for s in run.samples where value(s) != last {
                    last = value(s)
                    packet(s.milliseconds * 1_000_000) { w in
                        w.field(Event.type, EventType.counter)
                        w.field(Event.track, id)
                        w.field(Event.counterValue, last!)
                    }
                }
            }
        }

        // MARK: Pieces

        private mutating func track(_ parent: UInt64?, name: String? = nil, _ more: (inout ProtobufWriter) -> Void = { _ in }) -> UInt64 {
            nextTrack += 1
            let id = nextTrack, sequence = sequence
            out.message(1) { p in
                p.field(Packet.sequence, sequence)
                p.message(Packet.descriptor) { d in
                    d.field(Track.uuid, id)
                    if let parent { d.field(Track.parent, parent) }
                    if let name { d.field(Track.name, name) }
                    more(&d)
                }
            }
            return id
        }
        private mutating func packet(_ tick: UInt64, _ event: (inout ProtobufWriter) -> Void) {
            let sequence = sequence
            out.message(1) { p in
                p.field(Packet.timestamp, tick)
                p.field(Packet.sequence, sequence)
                p.message(Packet.event, event)
            }
        }
        private mutating func slice(_ track: UInt64, _ name: String, from: UInt64, to: UInt64, _ numbers: [(String, UInt64)]) {
            packet(from) { w in
                w.field(Event.type, EventType.begin)
                w.field(Event.track, track)
                w.field(Event.name, name)
                for (key, value) in numbers { Self.annotate(&w, key, value) }
            }
            packet(max(from, to)) { w in
                w.field(Event.type, EventType.end)
                w.field(Event.track, track)
            }
        }
        private static func annotate(_ w: inout ProtobufWriter, _ name: String, _ value: UInt64) {
            w.message(Event.annotation) { a in
                a.field(Annotation.name, name)
                a.field(Annotation.unsigned, value)
            }
        }
        private static func annotate(_ w: inout ProtobufWriter, _ name: String, _ text: String) {
            w.message(Event.annotation) { a in
                a.field(Annotation.name, name)
                a.field(Annotation.text, text)
            }
        }
    }
}
extension ProtobufWriter {
    mutating func append(_ other: ProtobufWriter) { bytes += other.bytes }
}
