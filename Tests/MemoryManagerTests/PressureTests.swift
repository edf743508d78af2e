import ABI
import Testing
@testable import MemoryManager

@Suite struct PressureTests {
    @Test func sharesOverThreeWindows() {
        var m = PressureStallMeter()
        m.addStall(500_000_000, isFull: false)
        m.addStall(100_000_000, isFull: true)
        let period: UInt64 = 1_000_000_000
        #expect(m.someShares(period: period).over10 == 60 && m.someShares(period: period).over60 == 10 && m.someShares(period: period).over300 == 2)
        #expect(m.fullShares(period: period).over10 == 10)
        for _ in 0..<9 { m.advance() }
        #expect(m.someShares(period: period).over10 == 60)
        m.advance()
        #expect(m.someShares(period: period).over10 == 0 && m.someShares(period: period).over60 == 10)
        for _ in 0..<50 { m.advance() }
        #expect(m.someShares(period: period).over60 == 0 && m.someShares(period: period).over300 == 2)
        for _ in 0..<240 { m.advance() }
        #expect(m.someShares(period: period) == PressureShares() && m.someTotal == 600_000_000 && m.fullTotal == 100_000_000)
        #expect(m.someShares(period: 1 << 60).over300 == 0, "a period of decades overflows nothing")
    }
    @Test func waitsOfSeveralProcessesCountOnce() {
        var m = PressureStallMeter()
        m.beginWait(now: 100)
        m.beginWait(now: 150)
        m.endWait(now: 200, isFull: false)
        #expect(m.someTotal == 0)
        m.endWait(now: 300, isFull: true)
        #expect(m.someTotal == 200 && m.fullTotal == 200)
    }
    @Test(arguments: [
        ([(250, 0, 0), (149, 0, 0), (190, 0, 0), (199, 0, 0), (200, 0, 0)], [0, 1, 1, 1, 0]),           // low 100, high 200: moderate below 150
        ([(140, 0, 0), (49, 0, 0), (60, 0, 0), (99, 0, 0), (100, 0, 0), (210, 0, 0)], [1, 2, 2, 2, 1, 0]),
        ([(300, 60, 0), (300, 30, 0), (300, 19, 0)], [1, 1, 0]),
        ([(300, 200, 120), (300, 200, 60), (300, 200, 49), (300, 0, 0)], [2, 2, 1, 0]),
    ] as [([(Int, UInt32, UInt32)], [UInt32])])
    func theLevelRisesAtOnceAndFallsLate(_ steps: [(Int, UInt32, UInt32)], _ levels: [UInt32]) {
        var g = PressureGauge()
        var seen: [UInt32] = []
        for s in steps {
            let before = g.level
            #expect(g.update(free: s.0, low: 100, high: 200, some: s.1, full: s.2) == (before != g.level))
            seen.append(g.level.rawValue)
        }
        #expect(seen == levels)
    }
    @Test func ratesForgetAfterTheirPeriods() {
        var r = RateMeter(periods: 3)
        r.add(5)
        r.advance()
        r.add(2)
        #expect(r.recent == 7)
        r.advance()
        r.advance()
        #expect(r.recent == 2)
        r.advance()
        #expect(r.recent == 0)
    }
}
