// Bytes behind an address for pages laid out natively: files, data: URLs, and http: through one host socket per request
// and the guest's own response parser (RFC 9112). No redirects across schemes, no TLS, no cache; 32 MiB at most.

import Foundation
import Glibc
import WebNet

enum PageLoader {
    static let byteCountMax = 32 << 20
    private static let redirectsMax = 8

    /// The body of a successful answer; nil when there is none.
    static func load(_ url: Foundation.URL) -> [UInt8]? {
        switch url.scheme?.lowercased() {
        case "file": return FileManager.default.contents(atPath: url.path).map { [UInt8]($0) }
        case "http": return fetch(url, redirectsLeft: redirectsMax)
        case "data": return (try? Data(contentsOf: url)).map { [UInt8]($0) } ?? dataURL(url.absoluteString)
        default: return nil
        }
    }

    private static func dataURL(_ text: String) -> [UInt8]? {
        guard let comma = text.firstIndex(of: ",") else { return nil }
        let payload = String(text[text.index(after: comma)...])
        if text[..<comma].hasSuffix(";base64") { return Data(base64Encoded: payload.removingPercentEncoding ?? payload, options: .ignoreUnknownCharacters).map { [UInt8]($0) } }
        return payload.removingPercentEncoding.map { Array($0.utf8) }
    }

    private static func fetch(_ url: Foundation.URL, redirectsLeft: Int) -> [UInt8]? {
        guard let host = url.host, redirectsLeft > 0, let socket = connectSocket(host, url.port ?? 80) else { return nil }
        defer { close(socket) }
        var path = url.path(percentEncoded: true)
        if path.isEmpty { path = "/" }
        if let query = url.query(percentEncoded: true) { path += "?" + query }
        let authority = url.port.map { "\(host):\($0)" } ?? host
        guard send("GET \(path) HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\nAccept: */*\r\nUser-Agent: Terrarium\r\n\r\n", socket) else { return nil }
        var parser = HTTPResponseParser(isHeadRequest: false)
        var outputs: [HTTPResponseParser.Output] = [], body: [UInt8] = [], status = 0, location: String?
        var buffer = [UInt8](repeating: 0, count: 65536)
        while !parser.isComplete, body.count <= byteCountMax {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            guard (try? parser.feed(Array(buffer[0..<count]), &outputs)) != nil else { return nil }
            for output in outputs {
                switch output {
                case .head(let head): status = head.status; location = head.headers.first("Location")
                case .body(let part): body += part
                case .end: break
                }
            }
            outputs.removeAll()
        }
        if (300..<400).contains(status), let location, let next = Foundation.URL(string: location, relativeTo: url)?.absoluteURL, next.scheme == "http" {
            return fetch(next, redirectsLeft: redirectsLeft - 1)
        }
        return (200..<300).contains(status) && body.count <= byteCountMax ? body : nil
    }

    private static func send(_ text: String, _ socket: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// A connected TCP socket that gives up after 10 s of silence.
    private static func connectSocket(_ host: String, _ port: Int) -> Int32? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var entry = list
        while let info = entry {
            let s = socket(info.pointee.ai_family, info.pointee.ai_socktype, info.pointee.ai_protocol)
            if s >= 0 {
                var limit = timeval(tv_sec: 10, tv_usec: 0)
                setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                if connect(s, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 { return s }
                close(s)
            }
            entry = info.pointee.ai_next
        }
        return nil
    }
}
