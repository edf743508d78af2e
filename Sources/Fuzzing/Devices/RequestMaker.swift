// Owns well-formed requests of every device: what a driver would send. The fuzzer breaks them afterwards.
import Machine

/// A request: bytes for the device, then room for its answer.
struct FuzzRequest {
    var queue: Int
    var readable: [UInt8] = []
    var room = 0
}

enum RequestMaker {
    static func little(_ values: UInt32...) -> [UInt8] { values.flatMap { v in (0..<4).map { UInt8(truncatingIfNeeded: v >> UInt32(8 * $0)) } } }
    static func little64(_ value: UInt64) -> [UInt8] { little(UInt32(truncatingIfNeeded: value), UInt32(value >> 32)) }
    static func bytes(_ random: inout SeededRandom, _ bound: UInt64) -> [UInt8] { (0..<random.below(bound)).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    static func make(_ target: FuzzTarget, _ random: inout SeededRandom) -> FuzzRequest {
        switch target.deviceID {
        case 1: random.below(2) == 0 ? FuzzRequest(queue: 0, room: 1526) : FuzzRequest(queue: 1, readable: [UInt8](repeating: 0, count: 12) + bytes(&random, 1520))
        case 2: block(&random)
        case 3: random.below(2) == 0 ? FuzzRequest(queue: 0, room: Int(random.below(200))) : FuzzRequest(queue: 1, readable: bytes(&random, 600))
        case 4: FuzzRequest(queue: 0, room: Int(random.below(300)))
        case 16: gpu(target, &random)
        case 17: clock(&random)
        default: random.below(4) > 0 ? FuzzRequest(queue: 0, room: 8) : FuzzRequest(queue: 1, readable: little(0x0001_0011, 1))
        }
    }

    private static func block(_ random: inout SeededRandom) -> FuzzRequest {
        let sector = random.below(20) == 0 ? random.next() : random.below(2060)      // the disk has 2048
        let count = Int(random.below(7)) * 512
        switch random.below(8) {
        case 0...2: return FuzzRequest(queue: 0, readable: little(0, 0) + little64(sector), room: count + 1)
        case 3...5: return FuzzRequest(queue: 0, readable: little(1, 0) + little64(sector) + (0..<count).map { UInt8(truncatingIfNeeded: $0) }, room: 1)
        case 6: return FuzzRequest(queue: 0, readable: little(4, 0) + little64(0), room: 1)
        default: return FuzzRequest(queue: 0, readable: little(8, 0) + little64(0), room: 21)
        }
    }

    private static func clock(_ random: inout SeededRandom) -> FuzzRequest {
        let type = [1, 1, 2, 0x1000, 0x1001, 0x1002, UInt32(random.below(0x2001))][Int(random.below(7))]
        return FuzzRequest(queue: 0, readable: little(type, 0, UInt32(random.below(12) / 11), 0), room: 16 + Int(random.below(10)))
    }

    private static func gpu(_ target: FuzzTarget, _ random: inout SeededRandom) -> FuzzRequest {
        let header = { (type: UInt32, fence: UInt64) in little(type, fence == 0 ? 0 : 1) + little64(fence) + little(0, 0) }
        let id = UInt32(1 + random.below(4)), fence = random.below(3)
        if random.below(6) == 0 { return FuzzRequest(queue: 1, readable: header(0x300 + UInt32(random.below(2)), fence) + little(0, UInt32(random.below(99)), 7, 0, id, 3, 4, 0), room: 24) }
        let side = { (r: inout SeededRandom) in UInt32(1 + r.below(r.below(3) == 0 ? 9000 : 64)) }
        let w = random.below(4) == 0 ? 64 : min(side(&random), 512), h = random.below(300) == 0 ? side(&random) : 64
        let rect = little(UInt32(random.below(8)), UInt32(random.below(8)), UInt32(1 + random.below(60)), UInt32(1 + random.below(60)))
        let body: [UInt8]
        switch random.below(10) {
        case 0: return FuzzRequest(queue: 0, readable: header(0x100, fence), room: 408)
        case 1, 2: body = header(0x101, fence) + little(id, [1, 2, 67, 134, 5][Int(random.below(5))], w, h)
        case 3: body = header(0x102, fence) + little(id, 0)
        case 4: body = header(0x103, fence) + rect + little(UInt32(random.below(20) / 19), id)
        case 5, 6: body = header(0x104, fence) + rect + little(id, 0)
        case 7: body = header(0x105, fence) + rect + little64(random.below(3) == 0 ? random.below(40_000) : 0) + little(id, 0)
        case 8: body = backing(target, header(0x106, fence), id, &random)
        default: body = header(0x107, fence) + little(id, 0)
        }
        return FuzzRequest(queue: 0, readable: body, room: 24)
    }

    private static func backing(_ target: FuzzTarget, _ header: [UInt8], _ id: UInt32, _ random: inout SeededRandom) -> [UInt8] {
        let count = 1 + random.below(4)
        var body = header + little(id, UInt32(count))
        for _ in 0..<count { body += little64(target.base + random.below(60_000)) + little(UInt32(random.below(40_000)), 0) }
        return body
    }
}
