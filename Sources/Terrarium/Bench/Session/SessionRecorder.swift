// A person's own session as a scenario: the host events of a trace become lines of an input script, one a gesture: what was
// pressed and let go, typed, clicked, dragged, scrolled, with its time. Hands tremble and machines do not: moves on the
// way are left out, only where the pointer rested or acted stays.

import Foundation
import Machine

public struct SessionRecorder {
    private let width: Int, height: Int
    private let events: [(nanoseconds: UInt64, event: HostEvent)]
    private var steps: [SessionStep] = []
    private var free: UInt64 = 0                 // when the gesture before is done
    private var pointer = (x: 0, y: 0)
    private var held: [UInt16] = []              // modifiers, in the order of pressing
    private var text = "", textStart: UInt64 = 0, textLast: UInt64 = 0
    private var downAt: (time: UInt64, x: Int, y: Int)?

    /// A longer pause ends a piece of text; a pointer that rests this long has arrived.
    static let textPause: UInt64 = 800_000_000, rest: UInt64 = 150_000_000, wheelPause: UInt64 = 60_000_000

    private init(_ events: [(nanoseconds: UInt64, event: HostEvent)], width: Int, height: Int) {
        self.events = events
        self.width = width
        self.height = height
    }

    /// Steps for the events of a session on a screen of `width` × `height`.
    public static func steps(_ events: [(nanoseconds: UInt64, event: HostEvent)], width: Int, height: Int) -> [SessionStep] {
        var recorder = SessionRecorder(events, width: width, height: height)
        for i in events.indices { recorder.take(i) }
        recorder.endText()
        return recorder.steps
    }

    /// The scenario of a trace; throws when nothing was done in it.
    public static func scenario(_ trace: TraceReader, name: String) throws -> [UInt8] {
        let configuration = try SimulationConfiguration(trace.header.configuration)
        let events = trace.records.compactMap { r -> (nanoseconds: UInt64, event: HostEvent)? in
            if case .event(let event) = r.item { return (r.tick.nanoseconds, event) }
            return nil
        }
        let list = steps(events, width: configuration.width, height: configuration.height)
        guard !list.isEmpty else { throw TerrariumError(.badData, "nothing was typed or clicked in this session") }
        let file = Scenario.File(schema: 2, name: name, summary: "A recorded session.", ramMiB: max(64, configuration.ramByteCount >> 20), swapMiB: configuration.swapByteCount >> 20, width: configuration.width,
                                 height: configuration.height, url: configuration.url.isEmpty ? "about:start" : configuration.url, input: nil, seconds: Int(trace.endTick.nanoseconds / 1_000_000_000) + 2, base: nil,
                                 steps: list.map(SessionStepFile.init), generator: nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(file)) + [10]
    }

    // MARK: Events

    private mutating func take(_ i: Int) {
        let time = events[i].nanoseconds
        switch events[i].event {
        case .key(let code, let down): key(code, down, time)
        case .pointerMove(let x, let y):
            pointer = (Int(x) * width / 32768, Int(y) * height / 32768)
            if downAt == nil, hasRested(i) {
                endText()
                add("move \(pointer.x) \(pointer.y)", time)
            }
        case .pointerButton(let code, let down): button(code, down, time)
        case .wheel: wheel(i)
        case .consoleInput(let bytes):
            endText()
            add("console \(SessionDriver.quoted(String(decoding: bytes, as: UTF8.self)))", time)
        case .close, .packet: break
        }
    }
    /// The move at `i` ends in a rest or in a turn of the wheel; a click says itself where it is.
    private func hasRested(_ i: Int) -> Bool {
        guard i + 1 < events.count else { return true }
        switch events[i + 1].event {
        case .pointerMove: return events[i + 1].nanoseconds - events[i].nanoseconds >= Self.rest
        case .pointerButton(_, let down): return !down
        default: return true
        }
    }
    private mutating func button(_ code: UInt16, _ down: Bool, _ time: UInt64) {
        endText()
        if down { downAt = (before(time, 1), pointer.x, pointer.y); return }      // the gesture moves there first
        guard let start = downAt else { return }
        downAt = nil
        let isDrag = abs(start.x - pointer.x) > 4 || abs(start.y - pointer.y) > 4
        if isDrag, code == 0x110 { add("drag \(start.x) \(start.y) \(pointer.x) \(pointer.y)", start.time); return }
        let name = code == 0x110 ? "click" : code == 0x111 ? "rightclick" : "middleclick"
        add("\(name) \(start.x) \(start.y)", start.time)
    }
    /// Notches that follow each other closely are one turn; the first of them says so.
    private mutating func wheel(_ i: Int) {
        func notches(_ k: Int) -> Int32? { if case .wheel(let n) = events[k].event { n } else { nil } }
        guard let n = notches(i), n != 0 else { return }
        endText()
        if i > 0, let before = notches(i - 1), before.signum() == n.signum(), events[i].nanoseconds - events[i - 1].nanoseconds <= Self.wheelPause { return }
        var sum = Int(n), k = i + 1
        while k < events.count, let next = notches(k), next.signum() == n.signum(), events[k].nanoseconds - events[k - 1].nanoseconds <= Self.wheelPause {
            sum += Int(next)
            k += 1
        }
        add("wheel \(max(-1000, min(1000, sum)))", events[i].nanoseconds)
    }

    // MARK: Keys

    private mutating func key(_ code: UInt16, _ down: Bool, _ time: UInt64) {
        if let modifier = KeyNames.modifier(code) {
            held.removeAll { KeyNames.modifier($0) == modifier }
            if down { held.append(code) }
            return
        }
        guard down else { return }
        let modifiers = held.compactMap { KeyNames.modifier($0) }
        if modifiers.allSatisfy({ $0 == "shift" }), let c = KeyNames.character(code, shift: !modifiers.isEmpty) {
            if !text.isEmpty, time - textLast > Self.textPause { endText() }
            if text.isEmpty { textStart = before(time, modifiers.count) }
            text.append(c)
            textLast = time
            if c == "\n" { endText() }
            return
        }
        endText()
        guard let name = KeyNames.name(code) else { return }
        add("key " + (modifiers + [name]).joined(separator: "+"), before(time, modifiers.count))
    }
    private mutating func endText() {
        if text.isEmpty { return }
        let line = "type \(SessionDriver.quoted(text))"
        text = ""
        add(line, textStart)
    }

    /// When a gesture must begin for what follows `parts` parts of it to happen at `time`.
    private func before(_ time: UInt64, _ parts: Int) -> UInt64 { time - min(time, UInt64(parts) * InputScript.stepNanoseconds) }

    /// A gesture begins when the person began it, or when the one before is done: scripted hands have their own pace.
    private mutating func add(_ line: String, _ time: UInt64) {
        let start = max(time / 1_000_000, (free + 999_999) / 1_000_000) * 1_000_000
        var gesture = Gesture(time: start, width: width, height: height)
        guard let words = try? InputScript.tokens(line), !words.isEmpty, (try? gesture.perform(words[0], Array(words.dropFirst()))) != nil else { return }
        free = gesture.time
        steps.append(SessionStep(.input(line), at: start))
    }
}
