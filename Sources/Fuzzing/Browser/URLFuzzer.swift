// Fuzzing of what comes from the wire before a page: URLs and HTTP responses. What must hold: a URL's serialisation parses
// to itself and is ASCII; a response's parse is the same however its bytes arrive.
import Fuzzing
import Machine
import WebNet

final class URLFuzzer: Fuzzer {
    private let hasCanary: Bool
    private var tally = FuzzTally(["texts", "absolute URLs", "relative URLs", "refused", "with an IPv4 address", "with an IPv6 address", "with a punycode host", "opaque paths", "data: with bytes"])
    private let corpus = Corpus(
        examples: ["http://user:pass@host.example:8080/a/b/../c?d=e&f#g", "https://[2001:db8::7]:443/", "http://0x7f.1/", "http://192.168.0.257/", "file:///C|/x/./y", "data:text/html;base64,PGI+eDwvYj4=",
                   "mailto:a@b", "//other/path", "../up?x#y", "?query", "#fragment", "http://b\u{fc}cher.example/\u{20ac}", "javascript:void(0)", "http://a%41.b/%zz%ff", "\t ht\ntp://x/\\y\\..\\z ",
                   "ws://x:0/", "http://xn--bcher-kva.example/", "data:,a%20b", "blob:http://h/1", "http://1e3/", "http://[::ffff:1.2.3.4]/", "ftp://h:21//"].map { Array($0.utf8) },
        words: ["://", ":", "@", "/", "\\", "?", "#", "%", "%2e", "..", ".", "[", "]", "::", "0x", "xn--", "\u{df}", "\u{3002}", "\u{ad}", "|", ";base64,", "65536", "4294967296", " ", "\t", "\0", "\u{ffff}", "file:", "data:", "C|"])

    init(hasCanary: Bool) { self.hasCanary = hasCanary }
    let caseOperationCount = 1000

    func run(seed: UInt64, operations: Int) throws {
        var random = SeededRandom(seed: seed, stream: "url fuzzer")
        for _ in 0..<operations { try once(&random) }
    }
    var coverage: [String] { tally.lines }

    private func once(_ random: inout SeededRandom) throws {
        let text = String(decoding: ByteMutator.mutate(random.pick(corpus.examples), corpus, &random, countMax: 6, byteCountMax: 4096), as: UTF8.self)
        let base = random.below(2) == 0 ? URL(String(decoding: random.pick(corpus.examples), as: UTF8.self)) : nil
        tally.add("texts")
        guard let url = URL(text, base: base) else { return tally.add("refused") }
        tally.add(base == nil ? "absolute URLs" : "relative URLs")
        let href = url.href + (hasCanary && url.fragment != nil ? " " : "")
        let quoted = text.debugDescription
        guard let again = URL(href) else { throw FuzzFailure(description: "\(href.debugDescription), made of \(quoted), is no URL") }
        if again.href != href { throw FuzzFailure(description: "\(href.debugDescription), made of \(quoted), becomes \(again.href.debugDescription)") }
        if let odd = href.utf8.first(where: { $0 < 0x20 || $0 > 0x7e }) { throw FuzzFailure(description: "byte \(odd) in \(href.debugDescription), made of \(quoted)") }
        let host = url.host ?? ""
        if host.utf8.first == 91 { tally.add("with an IPv6 address") } else if !host.isEmpty, host.utf8.allSatisfy({ $0 == 46 || $0 >= 48 && $0 <= 57 }) { tally.add("with an IPv4 address") }
        if host.utf8.starts(with: "xn--".utf8) { tally.add("with a punycode host") }
        if url.hasOpaquePath { tally.add("opaque paths") }
        if url.scheme == "data", let data = DataURL(url), !data.bytes.isEmpty { tally.add("data: with bytes") }
    }
}

final class HTTPFuzzer: Fuzzer {
    private let hasCanary: Bool
    private var tally = FuzzTally(["responses", "refused", "complete", "cut off", "heads", "body bytes"])
    private let corpus = Corpus(
        examples: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: a\r\n\r\n", "HTTP/1.0 404 Not Found\r\n\r\nbody until the end",
                   "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
                   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\nX: folded\r\n more\r\n\r\nabc"].map { Array($0.utf8) },
        words: ["\r\n", "\n", "\r\n\r\n", "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "ffffffffffffffff\r\n", "0\r\n", ":", " ", "HTTP/1.1 ", "HTTP/9.9 999\r\n", "\0", "Connection: keep-alive\r\n"])

    init(hasCanary: Bool) { self.hasCanary = hasCanary }
    let caseOperationCount = 1000

    func run(seed: UInt64, operations: Int) throws {
        var random = SeededRandom(seed: seed, stream: "http fuzzer")
        for _ in 0..<operations { try once(&random) }
    }
    var coverage: [String] { tally.lines }

    private struct Result: Equatable { var isRefused = false, isComplete = false; var heads: [Int] = [], body: [UInt8] = [] }

    private func once(_ random: inout SeededRandom) throws {
        let bytes = ByteMutator.mutate(random.pick(corpus.examples), corpus, &random, countMax: 6, byteCountMax: 8192)
        var pieces: [[UInt8]] = [], at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + 1 + Int(random.below(9)))
            pieces.append(Array(bytes[at..<end]))
            at = end
        }
        let isHead = random.below(8) == 0
        let one = parse([bytes], isHead), other = parse(hasCanary ? Array(pieces.dropLast()) : pieces, isHead)
        if one != other { throw FuzzFailure(description: "a response depends on how its bytes arrive: \(String(decoding: bytes, as: UTF8.self).debugDescription)") }
        if one.body.count > bytes.count { throw FuzzFailure(description: "a body of \(one.body.count) bytes out of \(bytes.count)") }
        tally.add("responses"); tally.add(one.isRefused ? "refused" : one.isComplete ? "complete" : "cut off")
        tally.add("heads", one.heads.count); tally.add("body bytes", one.body.count)
    }

    private func parse(_ pieces: [[UInt8]], _ isHead: Bool) -> Result {
        var parser = HTTPResponseParser(isHeadRequest: isHead), result = Result(), out: [HTTPResponseParser.Output] = []
        do {
            for piece in pieces where !parser.isComplete { _ = try parser.feed(piece, &out) }
            if !parser.isComplete { _ = parser.finish(&out) }
        } catch { result.isRefused = true }
        for output in out {
            switch output {
            case .head(let head): result.heads.append(head.status)
            case .body(let bytes): result.body += bytes
            default: break
            }
        }
        result.isComplete = parser.isComplete
        return result
    }
}
