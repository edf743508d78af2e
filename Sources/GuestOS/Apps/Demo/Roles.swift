// What the demo's processes do. One program plays all of them; the text of its bootstrap message names the role. Reports
// go to the demo over the bootstrap channel as 64-bit numbers.

import ABI
import Runtime

/// Numbers in a message.
enum Report {
    static func bytes(_ numbers: [UInt64]) -> [UInt8] {
        var w = ByteWriter()
        for n in numbers { w.u64(n) }
        return w.bytes
    }
    static func parse(_ bytes: [UInt8]) -> [UInt64] {
        var r = ByteReader(bytes), numbers: [UInt64] = []
        while let n = r.u64() { numbers.append(n) }
        return numbers
    }
}

/// Sizes that driver and roles share.
enum DemoSize {
    static let messageCount: UInt64 = 100_000
    static let sleeperPageCount = 128        // 8 MiB
    static let sleeperRandomPageCount = 32   // these cannot be compressed
    static let zygotePageCount = 256         // 16 MiB
    /// Beyond the memory of every demo program.
    static let wildAddress: UInt = 0xf000_0000
}

/// State of this process; a process has one role.
final class Role {
    let demo: Channel
    var memory: UnsafeMutablePointer<UInt64>?
    var wordCount = 0
    init(_ demo: Channel) { self.demo = demo }

    func report(_ numbers: [UInt64]) { try? demo.send(Report.bytes(numbers)) }

    func play(_ name: String, _ handles: [Handle]) {
        switch name {
        case "ping" where handles.count == 1: ping(Channel(handles[0]))
        case "pong" where handles.count == 1: pong(Channel(handles[0]))
        case "wild": wild()
        case "witness" where handles.count == 1: witness(Channel(handles[0]))
        case "spinner": spin()
        case "sleeper": sleeper()
        case "zygote": zygote()
        default:
            System.log(name + ": plays its part only when the demo starts it; type demo")
            System.exit(1)
        }
    }

    // MARK: Messages

    /// Sends numbers and checks the answers, one after the other.
    private func ping(_ peer: Channel) {
        let start = System.now
        var number: UInt64 = 0
        Reactor.main.onMessage(peer) { [self] message in
            guard Report.parse(message.bytes) == [number &* 3 &+ 1] else { return report([0, 0, number]) }
            number += 1
            if number == DemoSize.messageCount / 2 { report([number * 2, System.now - start, System.pid == 0 ? 1 : 0]) } else { try? peer.send(Report.bytes([number])) }
        }
        try? peer.send(Report.bytes([0]))
    }
    private func pong(_ peer: Channel) {
        Reactor.main.onMessage(peer) { message in
            guard let number = Report.parse(message.bytes).first else { return }
            try? peer.send(Report.bytes([number &* 3 &+ 1]))
        }
    }

    // MARK: Misbehaviour and its neighbour

    private func wild() {
        let pointer = UnsafePointer<UInt64>(bitPattern: DemoSize.wildAddress)
        report([pointer?.pointee ?? 0])
    }
    /// Answers whoever connects: a service.
    private func witness(_ clients: Channel) {
        var answered: UInt64 = 0
        Reactor.main.onMessage(clients) { message in
            for h in message.handles {
                let client = Channel(h)
                Reactor.main.onMessage(client, closed: { client.close() }) { question in
                    for h in question.handles { h.close() }
                    answered += 1
                    try? client.send(Report.bytes([answered]))
                }
            }
        }
    }
    private func spin() {
        nonisolated(unsafe) var n: UInt64 = 1
        while n != 0 { n = n &* 6_364_136_223_846_793_005 | 1 }
        report([n])
    }

    // MARK: Memory

    private func allocate(pages: Int) -> UnsafeMutablePointer<UInt64> {
        wordCount = pages * Limits.pageByteCount / 8
        let raw = UnsafeMutableRawPointer.allocate(byteCount: pages * Limits.pageByteCount, alignment: 8)
        let words = raw.bindMemory(to: UInt64.self, capacity: wordCount)
        memory = words
        return words
    }
    private func checksum() -> UInt64 {
        guard let words = memory else { return 0 }
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        for i in 0..<wordCount { sum = (sum ^ words[i]) &* 0x0000_0100_0000_01b3 }
        return sum
    }
    /// Fills memory, most of it as text does, some of it at random; says its checksum whenever it is asked.
    private func sleeper() {
        let words = allocate(pages: DemoSize.sleeperPageCount)
        let wordsPerPage = Limits.pageByteCount / 8
        for page in 0..<DemoSize.sleeperPageCount {
            let base = page * wordsPerPage
            if page < DemoSize.sleeperRandomPageCount {
                var reader = ByteReader(System.random(Limits.pageByteCount))
                for i in 0..<wordsPerPage { words[base + i] = reader.u64() ?? 0 }
            } else {
                for i in 0..<wordsPerPage { words[base + i] = UInt64((page &* 40_503 &+ i / 3) & 0xffff) }
            }
        }
        report([checksum()])
        Reactor.main.onMessage(demo, closed: { System.exit(0) }) { [self] _ in report([checksum()]) }
    }
    private func zygote() {
        let words = allocate(pages: DemoSize.zygotePageCount)
        for i in 0..<wordCount { words[i] = UInt64(i) &* 0x9e37_79b9_7f4a_7c15 }
        report([checksum()])
        Reactor.main.onMessage(demo, closed: { System.exit(0) }) { _ in }
    }
    /// The clone: reads everything, then writes one word, which copies one page.
    static func afterClone(_ role: Role, _ channel: Channel) {
        let clone = Role(channel)
        clone.memory = role.memory
        clone.wordCount = role.wordCount
        let sum = clone.checksum()
        clone.memory?[0] = 1
        clone.report([sum])
        Reactor.main.onMessage(channel, closed: { System.exit(0) }) { _ in }
    }
}
