// Two processes exchanging messages, and what the kernel answers to programs that reach beyond their handles.

import Foundation
import Machine
import Testing
@testable import Terrarium

extension WholeMachine {
    @Suite struct Messaging {
        /// IPC-007.
        @Test func tenThousandRoundTrips() throws {
            let s = try Simulation.bare(try TestPrograms.image(boot: "ping.swift", ["pong.swift"]))
            #expect(s.run(untilConsole: "ping: 10000 round trips", withinSeconds: 5), "\(s.consoleText)")
            #expect(!s.consoleText.contains("wrong answer"))
            let pong = s.kernel.processRecords.first { $0.name.string == "pong" }
            #expect((pong?.messages ?? 0) >= 10_000)
            s.expectAllReturned()
        }

        static let refusals = [
            "spawn without the right: access denied", "register without the right: access denied", "device without the right: access denied",
            "kill without the right: access denied", "duplicate without the right: access denied", "spawn with rights that grew: access denied",
            "spawn through a channel: bad handle", "spawn of no program: not found",
            "send on a receiving end: access denied", "receive on a sending end: access denied", "transfer without the right: access denied",
            "transfer: allowed", "use after transfer: bad handle", "use after close: bad handle", "send to nobody: peer closed", "a guessed handle: bad handle",
            "map writable without the right: access denied", "map read-only: allowed", "print from nowhere: bad address", "random into nowhere: bad address",
            "kill with a watching handle: access denied", "clone with a watching handle: access denied", "tab with a watching handle: access denied",
            "clone of the dead: wrong state",
        ]
        /// IPC-002, IPC-004.
        @Test func rightsAreRefusedEndToEnd() throws {
            let s = try Simulation.bare(try TestPrograms.image(boot: "refusals.swift", ["pong.swift"]))
            #expect(s.run(untilConsole: "refusals: done", withinSeconds: 1), "\(s.consoleText)")
            let lines = s.consoleText.split(separator: "\n").filter { $0.hasPrefix("[1 init] ") }.map { String($0.dropFirst(9)) }
            #expect(lines == Self.refusals + ["refusals: done"])
            s.expectAllReturned()
        }
    }
}
