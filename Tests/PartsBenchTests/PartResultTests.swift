// How measured numbers become whole-numbered rows. The measurements themselves are never asserted.
import Foundation
import Terrarium
import Testing
@testable import PartsBench

@Suite struct PartResultTests {
    @Test func fractionsGoIntoSmallerUnits() {
        let cases: [(Double, String, Int64, String)] = [
            (1.2345, "x", 1235, "per_mille"), (57.7, "ns", 57700, "ps"), (0.03, "us", 30, "ns"), (7.7184, "ms", 7718, "us"),
            (66.6, "MB/s", 66600, "kB/s"), (6472, "M/s", 6_472_000, "thousand/s"), (12.4, "count", 12, "count"),
        ]
        for (value, unit, expected, small) in cases {
            let row = PartResult("page", "name", value, unit, "lower", "").row
            #expect(row.value == expected && row.unit == small && row.scenario == "parts" && row.policy == "page", "\(value) \(unit)")
        }
        #expect(PartResult("page", "name", .infinity, "x", "lower", "").row.value == 0)
        #expect(PartResult("page", "name", 1e300, "x", "lower", "").row.value == 9_000_000_000_000_000)
    }
    @Test func threeDigitsAreShown() {
        #expect(PartResult("p", "n", 1234.5, "x", "none", "").text == "1234")
        #expect(PartResult("p", "n", 12.34, "x", "none", "").text == "12.3")
        #expect(PartResult("p", "n", 1.234, "x", "none", "").text == "1.23")
    }
    @Test func missingPeersAreLeftOut() {
        #expect(Peer.run("no-such-tool-of-this-host", []) == nil)
        #expect(Peer.run("false", []) == nil)
        #expect(Peer.run("true", []) == "")
    }
}
