// Incremental parser of HTTP/1.1 responses (RFC 9112): a state machine fed with any split of the bytes. Values it
// produces are taken with the `Output` of each step; malformed input ends in a typed error and stays there.

/// Head of a response as it stood on the wire.
public struct HTTPResponseHead: Sendable {
    public var versionMinor = 1
    public var status = 0
    public var reason = ""
    public var headers = HTTPHeaders()
}

public struct HTTPResponseParser {
    public enum Output {
        case head(HTTPResponseHead)
        case body([UInt8])
        case end
    }
    private enum State { case statusLine, header, fixedBody, untilClose, chunkSize, chunkData, chunkEnd, trailer, complete }

    /// Whole head, and one line of it: hostile servers must not fill memory.
    public static let headByteCountMax = 256 * 1024
    private static let chunkLineByteCountMax = 4096
    private static let interimResponsesMax = 16

    private let isHeadRequest: Bool
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headByteCount = 0, interimCount = 0
    private var head = HTTPResponseHead()
    private var remaining: UInt64 = 0
    private var failure: HTTPSyntaxError?

    public init(isHeadRequest: Bool) { self.isHeadRequest = isHeadRequest }

    public var isComplete: Bool { state == .complete }
    /// True until the first byte of a response has arrived.
    public var isUntouched: Bool { state == .statusLine && line.isEmpty && interimCount == 0 }
    /// Whether the connection can carry another exchange after this one (RFC 9112 §9.3).
    public private(set) var isReusable = false

    /// Feeds bytes; results are appended to `out` in order. Answers how many bytes were used: fewer than given only
    /// when the response is complete.
    public mutating func feed(_ bytes: [UInt8], _ out: inout [Output]) throws(HTTPSyntaxError) -> Int {
        if let failure { throw failure }
        var i = 0
        do throws(HTTPSyntaxError) {
            while i < bytes.count && state != .complete {
                switch state {
                case .fixedBody, .chunkData: takeBody(bytes, &i, &out)
                case .untilClose:
                    out.append(.body(i == 0 ? bytes : Array(bytes[i...])))
                    i = bytes.count
                case .statusLine, .header, .chunkSize, .chunkEnd, .trailer: try takeLine(bytes, &i, &out)
                case .complete: break
                }
            }
        } catch {
            failure = error
            throw error
        }
        return i
    }
    /// The peer has ended its side. False when the response was cut off.
    public mutating func finish(_ out: inout [Output]) -> Bool {
        if state == .untilClose {
            state = .complete
            out.append(.end)
        }
        return state == .complete
    }

    private mutating func takeBody(_ bytes: [UInt8], _ i: inout Int, _ out: inout [Output]) {
        let n = Int(min(UInt64(bytes.count - i), remaining))
        out.append(.body(i == 0 && n == bytes.count ? bytes : Array(bytes[i..<i + n])))
        i += n
        remaining -= UInt64(n)
        if remaining == 0 {
            if state == .fixedBody { complete(&out) } else { state = .chunkEnd }
        }
    }
    private mutating func complete(_ out: inout [Output]) {
        state = .complete
        out.append(.end)
    }
    private mutating func takeLine(_ bytes: [UInt8], _ i: inout Int, _ out: inout [Output]) throws(HTTPSyntaxError) {
        let start = i
        while i < bytes.count && bytes[i] != 10 { i += 1 }
        try countLine(i - start, isWhole: i < bytes.count)
        line += bytes[start..<i]
        guard i < bytes.count else { return }
        i += 1
        if line.last == 13 { line.removeLast() }
        let complete = line
        line = []
        switch state {
        case .statusLine: try statusLine(complete)
        case .header: if complete.isEmpty { try endOfHead(&out) } else { try header(complete) }
        case .chunkSize: try chunkSize(complete)
        case .chunkEnd:
            guard complete.isEmpty else { throw .badChunkEnd }
            state = .chunkSize
        case .trailer: if complete.isEmpty { self.complete(&out) }
        case .fixedBody, .untilClose, .chunkData, .complete: break
        }
    }
    private mutating func countLine(_ byteCount: Int, isWhole: Bool) throws(HTTPSyntaxError) {
        switch state {
        case .chunkSize, .chunkEnd:
            if line.count + byteCount > HTTPResponseParser.chunkLineByteCountMax { throw .badChunkSize }
        default:
            headByteCount += byteCount + (isWhole ? 1 : 0)      // in however many pieces it came
            if headByteCount > HTTPResponseParser.headByteCountMax { throw .headTooLarge }
        }
    }

    /// RFC 9112 §4: "HTTP/1.x" SP three digits [SP reason].
    private mutating func statusLine(_ bytes: [UInt8]) throws(HTTPSyntaxError) {
        if bytes.isEmpty && interimCount == 0 && headByteCount < 8 { return }   // §2.2: empty lines before it are ignored
        guard bytes.count >= 12, bytes.starts(with: "HTTP/1.".utf8), isDigit(bytes[7]), bytes[8] == 32,
              isDigit(bytes[9]), isDigit(bytes[10]), isDigit(bytes[11]), bytes.count == 12 || bytes[12] == 32 else { throw .badStatusLine }
        head = HTTPResponseHead()
        head.versionMinor = Int(bytes[7] - 48)
        head.status = Int(bytes[9] - 48) * 100 + Int(bytes[10] - 48) * 10 + Int(bytes[11] - 48)
        guard head.status >= 100 else { throw .badStatusLine }
        head.reason = bytes.count > 13 ? string(Array(bytes[13...])) : ""
        state = .header
    }
    /// §5: name ":" OWS value OWS. A folded line joins the one before (§5.2).
    private mutating func header(_ bytes: [UInt8]) throws(HTTPSyntaxError) {
        if bytes[0] == 32 || bytes[0] == 9 {
            guard let last = head.headers.fields.last else { throw .badHeader }
            head.headers.replaceLast(last.value + " " + string(trimmed(bytes)))
            return
        }
        guard let colon = bytes.firstIndex(of: 58), colon > 0 else { throw .badHeader }
        for b in bytes[..<colon] where !isTokenByte(b) { throw .badHeader }
        for b in bytes[colon...] where b == 0 || b == 13 { throw .badHeader }
        head.headers.add(string(Array(bytes[..<colon])), string(trimmed(Array(bytes[(colon + 1)...]))))
    }
    /// §6.3: how long the body is.
    private mutating func endOfHead(_ out: inout [Output]) throws(HTTPSyntaxError) {
        if head.status < 200 && head.status != 101 {
            interimCount += 1
            if interimCount > HTTPResponseParser.interimResponsesMax { throw .tooManyInterimResponses }
            state = .statusLine
            return
        }
        let keepsAlive = keepAlive(head)
        let length = try contentLength(head.headers)
        let codings = transferCodings(head.headers)
        if isHeadRequest || head.status == 204 || head.status == 304 {
            isReusable = keepsAlive
            out.append(.head(head))
            complete(&out)
        } else if !codings.isEmpty {
            guard codings == ["chunked"], head.versionMinor >= 1 else { throw .badTransferEncoding }
            isReusable = keepsAlive && length == nil
            out.append(.head(head))
            state = .chunkSize
        } else if let length {
            isReusable = keepsAlive
            remaining = length
            out.append(.head(head))
            if length == 0 { complete(&out) } else { state = .fixedBody }
        } else {
            out.append(.head(head))
            state = .untilClose
        }
    }
    private func keepAlive(_ head: HTTPResponseHead) -> Bool {
        let options = listItems(head.headers.joined("Connection") ?? "")
        if options.contains("close") { return false }
        return head.versionMinor >= 1 || options.contains("keep-alive")
    }
    private func transferCodings(_ headers: HTTPHeaders) -> [String] {
        listItems(headers.joined("Transfer-Encoding") ?? "").filter { $0 != "identity" }
    }
    /// Repeated equal values are accepted (§6.3 item 5).
    private func contentLength(_ headers: HTTPHeaders) throws(HTTPSyntaxError) -> UInt64? {
        guard let text = headers.joined("Content-Length") else { return nil }
        var value: UInt64?
        for item in splitBytes(Array(text.utf8), 44) {
            let digits = trimmed(item)
            guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy(isDigit) else { throw .badContentLength }
            let n = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 48) }
            if let value, value != n { throw .badContentLength }
            value = n
        }
        return value
    }
    /// §7.1: hexadecimal size, extensions ignored.
    private mutating func chunkSize(_ bytes: [UInt8]) throws(HTTPSyntaxError) {
        let digits = trimmed(splitBytes(bytes, 59)[0])
        guard !digits.isEmpty, digits.count <= 15 else { throw .badChunkSize }
        var size: UInt64 = 0
        for d in digits {
            guard let h = hexValue(d) else { throw .badChunkSize }
            size = size << 4 | UInt64(h)
        }
        remaining = size
        if size == 0 { headByteCount = 0 }
        state = size == 0 ? .trailer : .chunkData
    }
}

/// RFC 9110 §5.6.2.
func isTokenByte(_ b: UInt8) -> Bool {
    if isAlphanumeric(b) { return true }
    switch b {
    case 33, 35, 36, 37, 38, 39, 42, 43, 45, 46, 94, 95, 96, 124, 126: return true
    default: return false
    }
}
/// Items of a comma-separated list, trimmed, lower case, without parameters of empty name.
func listItems(_ text: String) -> [String] {
    var out: [String] = []
    for part in splitBytes(Array(text.utf8), 44) {
        let t = trimmed(part)
        if !t.isEmpty { out.append(string(t.map(lowercased))) }
    }
    return out
}
