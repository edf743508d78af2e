// An animated picture in the whole machine: its frames follow virtual time, and a recorded session that shows one replays
// with equal hashes (IMG-001).

import Foundation
import Machine
import Testing
@testable import Terrarium

/// A GIF of two frames of one colour each, red and blue, 100 ms each, for ever (GIF89a §17–23, appendix F).
func blinkingGIF(side: Int) -> [UInt8] {
    func word(_ n: Int) -> [UInt8] { [UInt8(n & 255), UInt8(n >> 8)] }
    var bytes = Array("GIF89a".utf8) + word(side) + word(side) + [0x80, 0, 0, 255, 0, 0, 0, 0, 255]
    bytes += [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
    for colour in 0..<2 {
        bytes += [0x21, 0xF9, 4, 0, 10, 0, 0, 0] + [0x2C, 0, 0, 0, 0] + word(side) + word(side) + [0, 2]
        // Codes of 3 bits: a clear code (4) before every second pixel keeps them that long; 5 ends.
        var codes: [Int] = []
        for i in 0..<side * side { if i % 2 == 0 { codes.append(4) }; codes.append(colour) }
        codes.append(5)
        var packed = [UInt8](repeating: 0, count: (codes.count * 3 + 7) / 8)
        for (i, code) in codes.enumerated() { for b in 0..<3 where code >> b & 1 == 1 { packed[(i * 3 + b) / 8] |= 1 << UInt8((i * 3 + b) % 8) } }
        for start in stride(from: 0, to: packed.count, by: 255) {
            let block = packed[start..<min(packed.count, start + 255)]
            bytes += [UInt8(block.count)] + block
        }
        bytes.append(0)
    }
    return bytes + [0x3B]
}

extension WholeMachine {
    @Suite struct Animations {
        private static func configure(_ c: inout SimulationConfiguration) { c.checkpointPeriodNanoseconds = 100_000_000 }

        @Test func anAnimatedPageReplaysEqually() throws {
            let folder = try TemporaryFolder()
            try folder.write("<!DOCTYPE html><body style='margin:0;background:white'><img src=a.gif width=400 height=300><p>Text", "pages/blink/index.html")
            try Data(blinkingGIF(side: 8)).write(to: folder.url.appendingPathComponent("pages/blink/a.gif"))
            let image = try Project.image(pages: folder.url)
            let path = folder.path("blink.trace")

            let s = try Simulation.desktop(image: image, url: "http://10.0.2.2/blink/index.html", script: "1.1s wheel -1\n", change: Self.configure)
            let writer = try TraceWriter(path: path, header: TraceHeader(configuration: s.machine.configuration, imageHash: image.hash, toolchain: "test"))
            writer.attach(to: s.machine)
            s.run(untilSecond: 0.8)
            var colours: [UInt32] = []
            for i in 1...20 {
                s.run(untilSecond: 0.8 + Double(i) * 0.04)
                if colours.last != s.pixel(100, 250) { colours.append(s.pixel(100, 250)) }
            }
            try writer.finish(s.machine)
            // 0.8 s hold eight frames, by turns.
            #expect(Set(colours) == [0xff0000, 0x0000ff], "\(colours.map { String($0, radix: 16) })")
            #expect(colours.count >= 7 && colours.count <= 10, "\(colours.count)")

            let trace = try TraceReader(path: path)
            let again = try Simulation(try SimulationConfiguration(trace.header.configuration), image: image, mode: .replay)
            let replayer = Replayer(trace)
            replayer.attach(to: again.machine)
            #expect(again.run(until: .forever) == .replayEnded)
            #expect(replayer.checkpointCount >= 14 && again.namedHashes == s.namedHashes)
        }
    }
}
