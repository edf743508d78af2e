// Grammars of the grid properties (CSS Grid 2 §7–§8) and aspect-ratio. Fixed repetitions are expanded here.

extension PropertyParser {
    func aspectRatio(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.auto), cursor.isAtEnd { return .integer(0) }
        guard let width = cursor.number(), width > 0 else { return nil }
        var height: Int64 = 65536
        if cursor.takeDelimiter(0x2F) { guard let n = cursor.number(), n > 0 else { return nil }; height = n }
        _ = cursor.take(.auto)
        return .integer(Int32(clamping: width &* 65536 / height))
    }

    func trackList(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.none) { return .tracks(SpecifiedTemplate()) }
        var result = SpecifiedTemplate()
        var pending: [String] = []
        while !cursor.isAtEnd, !cursor.isDelimiter(0x2F), cursor.token.kind != .string {
            guard addTracks(&cursor, &result, &pending, allowsRepeat: true) else { return nil }
        }
        guard !result.tracks.isEmpty else { return nil }
        result.names.append(pending)
        return .tracks(result)
    }
    private func addTracks(_ cursor: inout TokenCursor, _ result: inout SpecifiedTemplate, _ pending: inout [String], allowsRepeat: Bool) -> Bool {
        if cursor.token.kind == .openBracket {
            var inner = cursor.enterBlock()
            while inner.token.kind == .ident { pending.append(buffer.string(inner.token)); inner.advance() }
            return inner.isAtEnd
        }
        if cursor.functionName == .repeat { return allowsRepeat && addRepeat(&cursor, &result, &pending) }
        guard let track = trackSize(&cursor), result.tracks.count < 1000 else { return false }
        result.names.append(pending)
        pending = []
        result.tracks.append(track)
        return true
    }
    private func addRepeat(_ cursor: inout TokenCursor, _ result: inout SpecifiedTemplate, _ pending: inout [String]) -> Bool {
        var inner = cursor.enterBlock()
        var count: Int32 = 1
        if inner.take(.autoFill) || inner.keyword == .autoFit {
            guard result.repeatStart < 0 else { return false }
            result.fits = inner.take(.autoFit)
            result.repeatStart = result.tracks.count
        } else {
            guard let n = inner.integer(), n > 0 else { return false }
            count = Swift.min(n, 1000)
        }
        guard inner.take(.comma) else { return false }
        let isAuto = result.repeatStart == result.tracks.count && result.repeatCount == 0 && count == 1 && result.repeatStart >= 0
        for _ in 0..<count {
            var copy = inner
            while !copy.isAtEnd { guard addTracks(&copy, &result, &pending, allowsRepeat: false) else { return false } }
        }
        if isAuto { result.repeatCount = result.tracks.count - result.repeatStart }
        return true
    }

    private func trackSize(_ cursor: inout TokenCursor) -> (SpecifiedBreadth, SpecifiedBreadth)? {
        if cursor.functionName == .minmax {
            var inner = cursor.enterBlock()
            guard let least = breadth(&inner), inner.take(.comma), let most = breadth(&inner), inner.isAtEnd else { return nil }
            if case .fr = least { return nil }
            return (least, most)
        }
        if cursor.functionName == .fitContent {
            var inner = cursor.enterBlock()
            guard let limit = inner.length([]), inner.isAtEnd else { return nil }
            return (.auto, .fit(limit))
        }
        guard let both = breadth(&cursor) else { return nil }
        if case .fr = both { return (.auto, both) }
        return (both, both)
    }
    private func breadth(_ cursor: inout TokenCursor) -> SpecifiedBreadth? {
        if cursor.take(.auto) { return .auto }
        if cursor.take(.minContent) { return .minContent }
        if cursor.take(.maxContent) { return .maxContent }
        let t = cursor.token
        if t.kind == .dimension, let raw = Keyword.names.index(of: t, in: buffer), Keyword(rawValue: UInt16(raw)) == .fr {
            guard t.number >= 0 else { return nil }
            cursor.advance()
            return .fr(Int32(clamping: t.number))
        }
        return cursor.length([]).map { .value($0) }
    }

    func gridAreas(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.none) { return .areas([]) }
        var rows: [[String]] = []
        while cursor.token.kind == .string { rows.append(areaRow(buffer.string(cursor.token))); cursor.advance() }
        guard let first = rows.first, !first.isEmpty, rows.count < 1000 else { return nil }
        for row in rows where row.count != first.count { return nil }
        return .areas(rows)
    }
    /// Cell names of one string; a run of dots is a cell without name.
    private func areaRow(_ text: String) -> [String] {
        var names: [String] = [], word: [UInt8] = []
        func flush() { if !word.isEmpty { names.append(word[0] == 0x2E ? "" : String(decoding: word, as: UTF8.self)) }; word = [] }
        for c in text.utf8 {
            if c <= 0x20 { flush() } else { if !word.isEmpty, (c == 0x2E) != (word[0] == 0x2E) { flush() }; word.append(c) }
        }
        flush()
        return names
    }

    func gridFlow(_ cursor: inout TokenCursor) -> Value? {
        var flags: Int32 = 0, count = 0
        while !cursor.isAtEnd {
            if cursor.take(.row) {} else if cursor.take(.column) { flags |= 1 } else if cursor.take(.dense) { flags |= 2 } else { return nil }
            count += 1
        }
        return count > 0 && count <= 2 ? .integer(flags) : nil
    }

    func gridLine(_ cursor: inout TokenCursor) -> Value? {
        var line = GridLine()
        if cursor.take(.auto) { return .gridLine(line) }
        var count = 0
        while !cursor.isAtEnd, !cursor.isDelimiter(0x2F) {
            count += 1
            if !line.isSpan, cursor.take(.span) { line.isSpan = true }
            else if cursor.token.kind == .number, line.number == 0 { guard let n = cursor.integer(), n != 0 else { return nil }; line.number = Swift.max(-1000, Swift.min(1000, n)) }
            else if cursor.token.kind == .ident, line.name.isEmpty { line.name = buffer.string(cursor.token); cursor.advance() }
            else { return nil }
        }
        if line.isSpan, line.number < 0 || (line.number == 0 && line.name.isEmpty) { return nil }
        if line.isSpan, line.number == 0 { line.number = 1 }
        return count > 0 ? .gridLine(line) : nil
    }

    mutating func gridPlacement(_ longhands: [PropertyID], _ cursor: inout TokenCursor) -> Bool {
        var lines: [GridLine] = []
        repeat {
            guard lines.count < longhands.count, case .gridLine(let line)? = gridLine(&cursor) else { return false }
            lines.append(line)
        } while cursor.takeDelimiter(0x2F)
        /// A missing line repeats the name of its opposite, else it is auto.
        func named(_ line: GridLine) -> GridLine { line.number == 0 && !line.isSpan ? line : GridLine() }
        while lines.count < longhands.count { lines.append(named(lines[lines.count >= 2 ? lines.count - 2 : 0])) }
        for (i, property) in longhands.enumerated() { add(property, .gridLine(lines[i])) }
        return true
    }

    /// grid-template and the forms of grid that set templates: areas with row sizes, or rows / columns.
    mutating func gridTemplate(_ cursor: inout TokenCursor) -> Bool {
        var rows = SpecifiedTemplate(), columns = SpecifiedTemplate(), areas: [[String]] = []
        if !cursor.take(.none) {
            var copy = cursor
            while copy.token.kind == .openBracket { _ = copy.enterBlock() }
            if copy.token.kind == .string {
                while !cursor.isAtEnd, !cursor.isDelimiter(0x2F) {
                    var names: [String] = []
                    while cursor.token.kind == .openBracket { var inner = cursor.enterBlock(); while inner.token.kind == .ident { names.append(buffer.string(inner.token)); inner.advance() } }
                    if cursor.isAtEnd || cursor.isDelimiter(0x2F) { break }
                    guard cursor.token.kind == .string else { return false }
                    areas.append(areaRow(buffer.string(cursor.token)))
                    cursor.advance()
                    rows.names.append(names)
                    rows.tracks.append(trackSize(&cursor) ?? (.auto, .auto))
                }
                rows.names.append([])
            } else if case .tracks(let list)? = trackList(&cursor) { rows = list } else { return false }
            if cursor.takeDelimiter(0x2F) { guard case .tracks(let list)? = trackList(&cursor) else { return false }; columns = list }
        }
        add(.gridTemplateRows, .tracks(rows)); add(.gridTemplateColumns, .tracks(columns)); add(.gridTemplateAreas, .areas(areas))
        return true
    }
}
