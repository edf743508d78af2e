// The basic URL parser (WHATWG URL §4.4) as a state machine over bytes. Validation errors that do not fail are not
// reported. Internationalised host names are encoded with Punycode (PunycodeHost.swift).

struct URLParser {
    private enum State {
        case schemeStart, scheme, noScheme, specialRelativeOrAuthority, pathOrAuthority, relative, relativeSlash
        case specialAuthoritySlashes, specialAuthorityIgnoreSlashes, authority, host, port, file, fileSlash, fileHost
        case pathStart, path, opaquePath, query, fragment
    }
    /// What one step decided.
    private enum Step { case next, again, fail, done }

    private let input: [UInt8]
    private let base: URL?
    private var pointer = 0
    private var state = State.schemeStart
    private var buffer: [UInt8] = []
    private var url = URL()
    private var segments: [[UInt8]] = []
    private var opaquePath: [UInt8] = []
    private var query: [UInt8]?, fragment: [UInt8]?
    private var sawAt = false, sawPasswordToken = false, isInBrackets = false

    static func parse(_ text: [UInt8], base: URL?) -> URL? {
        var p = URLParser(text, base)
        return p.run()
    }

    /// Steps 1–3: strips controls and spaces at the ends, tabs and newlines everywhere.
    private init(_ text: [UInt8], _ base: URL?) {
        var low = 0, high = text.count
        while low < high, text[low] <= 0x20 { low += 1 }
        while high > low, text[high - 1] <= 0x20 { high -= 1 }
        input = text[low..<high].filter { $0 != 9 && $0 != 10 && $0 != 13 }
        self.base = base
    }

    /// The byte at the pointer; nil at the end.
    private var c: UInt8? { pointer < input.count ? input[pointer] : nil }
    private func at(_ offset: Int) -> UInt8? { pointer + offset < input.count ? input[pointer + offset] : nil }
    private var isSpecial: Bool { URL.isSpecial(url.scheme) }

    private mutating func run() -> URL? {
        while true {
            let atEnd = c == nil
            switch step() {
            case .fail: return nil
            case .again: continue
            case .done: return finished()
            case .next:
                if atEnd { return finished() }
                pointer += 1
            }
        }
    }
    private mutating func finished() -> URL? {
        if url.hasOpaquePath {
            url.path = string(opaquePath)
        } else {
            var out: [UInt8] = []
            for s in segments { out.append(47); out += s }
            url.path = string(out)
        }
        url.query = query.map { string($0) }
        url.fragment = fragment.map { string($0) }
        return url
    }
    private mutating func step() -> Step {
        switch state {
        case .schemeStart: return schemeStart()
        case .scheme: return scheme()
        case .noScheme: return noScheme()
        case .specialRelativeOrAuthority: return specialRelativeOrAuthority()
        case .pathOrAuthority: return pathOrAuthority()
        case .relative: return relative()
        case .relativeSlash: return relativeSlash()
        case .specialAuthoritySlashes: return specialAuthoritySlashes()
        case .specialAuthorityIgnoreSlashes: return specialAuthorityIgnoreSlashes()
        case .authority: return authority()
        case .host: return hostState()
        case .port: return port()
        case .file: return file()
        case .fileSlash: return fileSlash()
        case .fileHost: return fileHost()
        case .pathStart: return pathStart()
        case .path: return path()
        case .opaquePath: return opaquePathState()
        case .query: return queryState()
        case .fragment: return fragmentState()
        }
    }

    // MARK: scheme

    private mutating func schemeStart() -> Step {
        if let c, isAlpha(c) { buffer.append(lowercased(c)); state = .scheme; return .next }
        state = .noScheme
        return .again
    }
    private mutating func scheme() -> Step {
        guard let c else { return restartWithoutScheme() }
        if isAlphanumeric(c) || c == 43 || c == 45 || c == 46 { buffer.append(lowercased(c)); return .next }
        guard c == 58 else { return restartWithoutScheme() }
        url.scheme = string(buffer)
        buffer = []
        if url.scheme == "file" {
            state = .file
        } else if isSpecial, let base, base.scheme == url.scheme {
            state = .specialRelativeOrAuthority
        } else if isSpecial {
            state = .specialAuthoritySlashes
        } else if at(1) == 47 {
            state = .pathOrAuthority
            pointer += 1
        } else {
            url.hasOpaquePath = true
            state = .opaquePath
        }
        return .next
    }
    private mutating func restartWithoutScheme() -> Step {
        buffer = []
        state = .noScheme
        pointer = 0
        return .again
    }
    private mutating func noScheme() -> Step {
        guard let base else { return .fail }
        if base.hasOpaquePath {
            guard c == 35 else { return .fail }
            copyPath(of: base)
            query = base.query.map { Array($0.utf8) }
            url.scheme = base.scheme
            fragment = []
            state = .fragment
            return .next
        }
        state = base.scheme == "file" ? .file : .relative
        return .again
    }

    // MARK: relative

    private mutating func specialRelativeOrAuthority() -> Step {
        if c == 47, at(1) == 47 {
            state = .specialAuthorityIgnoreSlashes
            pointer += 1
            return .next
        }
        state = .relative
        return .again
    }
    private mutating func pathOrAuthority() -> Step {
        if c == 47 { state = .authority; return .next }
        state = .path
        return .again
    }
    private mutating func relative() -> Step {
        guard let base else { return .fail }
        url.scheme = base.scheme
        if c == 47 || (isSpecial && c == 92) { state = .relativeSlash; return .next }
        copyAuthority(of: base)
        copyPath(of: base)
        query = base.query.map { Array($0.utf8) }
        if c == 63 { query = []; state = .query; return .next }
        if c == 35 { fragment = []; state = .fragment; return .next }
        if c == nil { return .next }
        query = nil
        shortenPath()
        state = .path
        return .again
    }
    private mutating func relativeSlash() -> Step {
        if c == 47 || (isSpecial && c == 92) {
            state = isSpecial ? .specialAuthorityIgnoreSlashes : .authority
            return .next
        }
        if let base { copyAuthority(of: base) }
        state = .path
        return .again
    }
    private mutating func copyAuthority(of base: URL) {
        url.username = base.username; url.password = base.password; url.host = base.host; url.port = base.port
    }
    private mutating func copyPath(of base: URL) {
        url.hasOpaquePath = base.hasOpaquePath
        if base.hasOpaquePath { opaquePath = Array(base.path.utf8); return }
        segments = base.path.isEmpty ? [] : Array(splitBytes(Array(base.path.utf8), 47).dropFirst())
    }

    // MARK: authority

    private mutating func specialAuthoritySlashes() -> Step {
        state = .specialAuthorityIgnoreSlashes
        if c == 47, at(1) == 47 { pointer += 1; return .next }
        return .again
    }
    private mutating func specialAuthorityIgnoreSlashes() -> Step {
        if c == 47 || c == 92 { return .next }
        state = .authority
        return .again
    }
    private func endsAuthority(_ b: UInt8?) -> Bool { b == nil || b == 47 || b == 63 || b == 35 || (isSpecial && b == 92) }
    private mutating func authority() -> Step {
        if c == 64 {
            takeCredentials()
            return .next
        }
        if endsAuthority(c) {
            if sawAt && buffer.isEmpty { return .fail }
            pointer -= buffer.count
            buffer = []
            state = .host
            return .again
        }
        buffer.append(c!)
        return .next
    }
    private mutating func takeCredentials() {
        var bytes = buffer
        if sawAt { bytes = Array("%40".utf8) + bytes }
        sawAt = true
        var user = Array(url.username.utf8), password = Array(url.password.utf8)
        for b in bytes {
            if b == 58, !sawPasswordToken { sawPasswordToken = true; continue }
            if sawPasswordToken { PercentEncoding.append(b, .userinfo, to: &password) } else { PercentEncoding.append(b, .userinfo, to: &user) }
        }
        url.username = string(user)
        url.password = string(password)
        buffer = []
    }
    private mutating func hostState() -> Step {
        if c == 58, !isInBrackets {
            if buffer.isEmpty { return .fail }
            guard takeHost() else { return .fail }
            state = .port
            return .next
        }
        if endsAuthority(c) {
            if isSpecial && buffer.isEmpty { return .fail }
            guard takeHost() else { return .fail }
            state = .pathStart
            return .again
        }
        if c == 91 { isInBrackets = true }
        if c == 93 { isInBrackets = false }
        buffer.append(c!)
        return .next
    }
    private mutating func takeHost() -> Bool {
        guard let h = URLHost.parse(buffer, isSpecial: isSpecial) else { return false }
        url.host = string(h)
        buffer = []
        return true
    }
    private mutating func port() -> Step {
        if let c, isDigit(c) { buffer.append(c); return .next }
        guard endsAuthority(c) else { return .fail }
        if !buffer.isEmpty {
            var value: UInt32 = 0
            for d in buffer {
                value = value * 10 + UInt32(d - 48)
                if value > 65535 { return .fail }
            }
            url.port = UInt16(value) == URL.defaultPort(url.scheme) ? nil : UInt16(value)
            buffer = []
        }
        state = .pathStart
        return .again
    }

    // MARK: file

    private mutating func file() -> Step {
        url.scheme = "file"
        url.host = ""
        if c == 47 || c == 92 { state = .fileSlash; return .next }
        guard let base, base.scheme == "file" else { state = .path; return .again }
        url.host = base.host
        copyPath(of: base)
        query = base.query.map { Array($0.utf8) }
        if c == 63 { query = []; state = .query; return .next }
        if c == 35 { fragment = []; state = .fragment; return .next }
        if c == nil { return .next }
        query = nil
        if startsWithDriveLetter() { segments = [] } else { shortenPath() }
        state = .path
        return .again
    }
    private mutating func fileSlash() -> Step {
        if c == 47 || c == 92 { state = .fileHost; return .next }
        if let base, base.scheme == "file" {
            url.host = base.host
            if !startsWithDriveLetter(), let first = splitBytes(Array(base.path.utf8), 47).dropFirst().first, isNormalisedDriveLetter(first) {
                segments.append(first)
            }
        }
        state = .path
        return .again
    }
    private mutating func fileHost() -> Step {
        guard c == nil || c == 47 || c == 92 || c == 63 || c == 35 else { buffer.append(c!); return .next }
        if isDriveLetter(buffer) { state = .path; return .again }
        if buffer.isEmpty {
            url.host = ""
        } else {
            guard var h = URLHost.parse(buffer, isSpecial: true) else { return .fail }
            if h == Array("localhost".utf8) { h = [] }
            url.host = string(h)
            buffer = []
        }
        state = .pathStart
        return .again
    }
    private func isDriveLetter(_ b: [UInt8]) -> Bool { b.count == 2 && isAlpha(b[0]) && (b[1] == 58 || b[1] == 124) }
    private func isNormalisedDriveLetter(_ b: [UInt8]) -> Bool { isDriveLetter(b) && b[1] == 58 }
    private func startsWithDriveLetter() -> Bool {
        guard let a = at(0), let b = at(1), isDriveLetter([a, b]) else { return false }
        let d = at(2)
        return d == nil || d == 47 || d == 92 || d == 63 || d == 35
    }

    // MARK: path, query, fragment

    private mutating func pathStart() -> Step {
        if isSpecial {
            state = .path
            return c == 47 || c == 92 ? .next : .again
        }
        if c == 63 { query = []; state = .query; return .next }
        if c == 35 { fragment = []; state = .fragment; return .next }
        guard let c else { return .next }
        state = .path
        return c == 47 ? .next : .again
    }
    private mutating func shortenPath() {
        if url.scheme == "file", segments.count == 1, isNormalisedDriveLetter(segments[0]) { return }
        if !segments.isEmpty { segments.removeLast() }
    }
    private mutating func path() -> Step {
        let isSeparator = c == 47 || (isSpecial && c == 92)
        guard c == nil || isSeparator || c == 63 || c == 35 else {
            PercentEncoding.append(c!, .path, to: &buffer)
            return .next
        }
        endSegment(isSeparator)
        buffer = []
        if c == 63 { query = []; state = .query }
        if c == 35 { fragment = []; state = .fragment }
        return .next
    }
    private mutating func endSegment(_ isSeparator: Bool) {
        if isDoubleDot(buffer) {
            shortenPath()
            if !isSeparator { segments.append([]) }
        } else if isSingleDot(buffer) {
            if !isSeparator { segments.append([]) }
        } else {
            if url.scheme == "file", segments.isEmpty, isDriveLetter(buffer) { buffer[1] = 58 }
            segments.append(buffer)
        }
    }
    private func isSingleDot(_ b: [UInt8]) -> Bool { b.map(lowercased) == [46] || b.map(lowercased) == Array("%2e".utf8) }
    private func isDoubleDot(_ b: [UInt8]) -> Bool {
        guard b.count >= 2 && b.count <= 6 else { return false }
        let dots = string(b.map(lowercased))
        return dots == ".." || dots == ".%2e" || dots == "%2e." || dots == "%2e%2e"
    }
    private mutating func opaquePathState() -> Step {
        guard let c else { return .next }
        if c == 63 { query = []; state = .query; return .next }
        if c == 35 { fragment = []; state = .fragment; return .next }
        PercentEncoding.append(c, .control, to: &opaquePath)
        return .next
    }
    private mutating func queryState() -> Step {
        guard let c else { return .next }
        if c == 35 { fragment = []; state = .fragment; return .next }
        PercentEncoding.append(c, isSpecial ? .specialQuery : .query, to: &query!)
        return .next
    }
    private mutating func fragmentState() -> Step {
        guard let c else { return .next }
        PercentEncoding.append(c, .fragment, to: &fragment!)
        return .next
    }
}
