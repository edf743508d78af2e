// DNS messages (RFC 1035 §4) as far as address lookups need them: a question out, A and CNAME records in.
// Compression pointers must point backwards and are followed at most 32 times.

public struct DNSRecord: Equatable, Sendable {
    public enum Payload: Equatable, Sendable { case address(IPv4Address), alias(String), other }
    public var name: String, seconds: UInt32, payload: Payload
    public init(name: String, seconds: UInt32, payload: Payload) { self.name = name; self.seconds = seconds; self.payload = payload }
}

public struct DNSMessage: Equatable, Sendable {
    static let typeA: UInt16 = 1, typeAlias: UInt16 = 5, classInternet: UInt16 = 1
    public static let port: UInt16 = 53
    public var identifier: UInt16
    public var isResponse = false, isTruncated = false
    /// RCODE: 0 fine, 2 server failure, 3 name does not exist.
    public var responseCode: UInt8 = 0
    public var question: String
    public var questionType: UInt16 = DNSMessage.typeA
    public var answers: [DNSRecord] = []

    public init(identifier: UInt16, question: String) { self.identifier = identifier; self.question = question }

    public init?(_ v: PacketView) {
        guard v.count >= 12, v.u16(4) == 1 else { return nil }
        var at = 12
        guard let name = DNSMessage.parseName(v, &at), at + 4 <= v.count else { return nil }
        self.init(identifier: v.u16(0), question: name)
        let flags = v.u16(2)
        isResponse = flags & 0x8000 != 0
        isTruncated = flags & 0x0200 != 0
        responseCode = UInt8(flags & 15)
        questionType = v.u16(at)
        at += 4
        for _ in 0..<v.u16(6) {
            guard let r = DNSMessage.parseRecord(v, &at) else { return nil }
            if answers.count < 64 { answers.append(r) }
        }
    }
    private static func parseRecord(_ v: PacketView, _ at: inout Int) -> DNSRecord? {
        guard let name = parseName(v, &at), at + 10 <= v.count else { return nil }
        let type = v.u16(at), seconds = v.u32(at + 4), length = Int(v.u16(at + 8))
        at += 10
        guard at + length <= v.count else { return nil }
        var payload = DNSRecord.Payload.other
        if type == typeA, length == 4 { payload = .address(v.address(at)) }
        if type == typeAlias {
            var inside = at
            guard let target = parseName(v, &inside) else { return nil }
            payload = .alias(target)
        }
        at += length
        return DNSRecord(name: name, seconds: seconds & 0x7FFF_FFFF, payload: payload)
    }
    /// A name in lower case without the final dot; `at` moves behind it.
    private static func parseName(_ v: PacketView, _ at: inout Int) -> String? {
        var out: [UInt8] = [], i = at, jumps = 0, limit = at
        var after: Int?
        while true {
            guard i < v.count else { return nil }
            let n = Int(v.u8(i))
            if n == 0 { at = after ?? i + 1; break }
            if n >= 0xC0 {
                guard i + 1 < v.count else { return nil }
                let target = (n & 0x3F) << 8 | Int(v.u8(i + 1))
                jumps += 1
                guard jumps <= 32, target < limit else { return nil }
                if after == nil { after = i + 2 }
                i = target
                limit = target
                continue
            }
            guard n < 64, i + 1 + n <= v.count, out.count + n <= 254 else { return nil }
            if !out.isEmpty { out.append(46) }
            for k in i + 1..<i + 1 + n {
                let b = v.u8(k)
                out.append(b &- 65 < 26 ? b | 0x20 : b)
            }
            i += 1 + n
        }
        return String(decoding: out, as: UTF8.self)
    }
    /// nil when a name cannot be written.
    public func emit() -> [UInt8]? {
        var b = [UInt8](repeating: 0, count: 12)
        b.put16(identifier, at: 0)
        b.put16((isResponse ? 0x8180 : 0x0100) | UInt16(responseCode), at: 2)
        b.put16(1, at: 4)
        b.put16(UInt16(answers.count), at: 6)
        guard let name = DNSMessage.emitName(question) else { return nil }
        b += name
        b += [UInt8(questionType >> 8), UInt8(questionType & 255), 0, 1]
        for r in answers { guard DNSMessage.emitRecord(r, &b) else { return nil } }
        return b
    }
    private static func emitRecord(_ r: DNSRecord, _ b: inout [UInt8]) -> Bool {
        guard let name = emitName(r.name) else { return false }
        var type = typeA, data: [UInt8] = []
        switch r.payload {
        case .address(let a): data = [0, 0, 0, 0]; data.put32(a.raw, at: 0)
        case .alias(let target):
            guard let t = emitName(target) else { return false }
            type = typeAlias; data = t
        case .other: return false
        }
        b += name
        var fixed = [UInt8](repeating: 0, count: 10)
        fixed.put16(type, at: 0); fixed.put16(classInternet, at: 2)
        fixed.put32(r.seconds, at: 4); fixed.put16(UInt16(data.count), at: 8)
        b += fixed + data
        return true
    }
    /// Labels of 1–63 bytes, 253 bytes in all; nil otherwise.
    static func emitName(_ name: String) -> [UInt8]? {
        var out: [UInt8] = [], label: [UInt8] = []
        var bytes = Array(name.utf8)
        if bytes.last == 46 { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= 253 else { return nil }
        bytes.append(46)
        for b in bytes {
            if b != 46 { label.append(b); continue }
            guard !label.isEmpty, label.count <= 63 else { return nil }
            out.append(UInt8(label.count))
            out += label
            label = []
        }
        out.append(0)
        return out
    }
}
