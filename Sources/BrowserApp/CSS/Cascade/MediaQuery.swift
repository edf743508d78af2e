// Media queries (Media Queries 4 §3): parsed once, evaluated for a viewport. A screen with a mouse, light, no reduced motion.
// An unknown feature makes its query false, also under `not` (§3.2).
import Graphics

/// What queries are evaluated against.
struct MediaContext: Equatable {
    var width: LayoutUnit, height: LayoutUnit
}

enum MediaComparison { case less, lessOrEqual, equal, greaterOrEqual, greater }

indirect enum MediaNode {
    case constant(Bool)
    case unknown
    case width(MediaComparison, SpecifiedLength)
    case height(MediaComparison, SpecifiedLength)
    case portrait(Bool)
    case not(MediaNode)
    case all([MediaNode])
    case any([MediaNode])

    /// nil is unknown.
    func evaluate(_ context: MediaContext) -> Bool? {
        switch self {
        case .constant(let value): return value
        case .unknown: return nil
        case .width(let comparison, let length): return MediaNode.compare(context.width, comparison, length, context)
        case .height(let comparison, let length): return MediaNode.compare(context.height, comparison, length, context)
        case .portrait(let isPortrait): return (context.height >= context.width) == isPortrait
        case .not(let node): return node.evaluate(context).map { !$0 }
        case .all(let nodes):
            var result: Bool? = true
            for node in nodes {
                let value = node.evaluate(context)
                if value == false { return false }
                if value == nil { result = nil }
            }
            return result
        case .any(let nodes):
            var result: Bool? = false
            for node in nodes {
                let value = node.evaluate(context)
                if value == true { return true }
                if value == nil { result = nil }
            }
            return result
        }
    }
    private static func compare(_ actual: LayoutUnit, _ comparison: MediaComparison, _ length: SpecifiedLength, _ context: MediaContext) -> Bool {
        let lengths = LengthContext(fontSize: LayoutUnit(16), rootFontSize: LayoutUnit(16), viewportWidth: context.width, viewportHeight: context.height)
        let wanted = lengths.absolute(length)
        switch comparison {
        case .less: return actual < wanted
        case .lessOrEqual: return actual <= wanted
        case .equal: return actual == wanted
        case .greaterOrEqual: return actual >= wanted
        case .greater: return actual > wanted
        }
    }
}

/// A comma-separated list; an empty list is true.
struct MediaQueryList {
    var queries: [MediaNode]

    static var always: MediaQueryList { MediaQueryList(queries: []) }
    func matches(_ context: MediaContext) -> Bool {
        if queries.isEmpty { return true }
        for query in queries where query.evaluate(context) == true { return true }
        return false
    }

    init(queries: [MediaNode]) { self.queries = queries }
    /// Text of a `media` attribute.
    init(text: String) { self.init(TokenCursor(TokenBuffer.tokenize(Array(text.utf8)))) }
    init(_ cursor: TokenCursor) {
        queries = []
        if cursor.isAtEnd { return }
        for var part in cursor.splitByCommas() { queries.append(part.mediaQuery()) }
    }
}

extension TokenCursor {
    /// One query; a malformed one is `not all`.
    fileprivate mutating func mediaQuery() -> MediaNode {
        if let condition = self.mediaQueryWithType(), isAtEnd { return condition }
        return .constant(false)
    }
    private mutating func mediaQueryWithType() -> MediaNode? {
        if token.kind == .openParen || token.kind == .function || (keyword == .not && nextIsParen) { return mediaCondition(depth: 0) }
        var isNot = false
        if take(.not) { isNot = true } else { _ = take(.only) }
        guard token.kind == .ident else { return nil }
        let type: Bool
        switch keyword {
        case .all, .screen: type = true
        case .and, .or, .not, .only: return nil
        default: type = false
        }
        advance()
        var nodes: [MediaNode] = [.constant(type)]
        while take(.and) {
            guard let node = mediaInParens(depth: 0), nodes.count < CSSLimits.listCountMax else { return nil }
            nodes.append(node)
        }
        return isNot ? .not(.all(nodes)) : .all(nodes)
    }
    private var nextIsParen: Bool {
        var copy = self
        copy.advance()
        return copy.token.kind == .openParen
    }
    private mutating func mediaCondition(depth: Int) -> MediaNode? {
        guard depth < CSSLimits.mathDepthMax else { return nil }
        if take(.not) { return mediaInParens(depth: depth).map { .not($0) } }
        guard let first = mediaInParens(depth: depth) else { return nil }
        var nodes = [first]
        let joiner: Keyword = keyword == .or ? .or : .and
        while take(joiner) {
            guard let node = mediaInParens(depth: depth), nodes.count < CSSLimits.listCountMax else { return nil }
            nodes.append(node)
        }
        return joiner == .or ? .any(nodes) : .all(nodes)
    }
    private mutating func mediaInParens(depth: Int) -> MediaNode? {
        if token.kind == .function { _ = enterBlock(); return .unknown }
        guard token.kind == .openParen else { return nil }
        let inner = enterBlock()
        if inner.token.kind == .openParen || inner.keyword == .not {
            var nested = inner
            if let node = nested.mediaCondition(depth: depth + 1), nested.isAtEnd { return node }
            return .unknown
        }
        var plain = inner
        if let node = plain.mediaFeature(), plain.isAtEnd { return node }
        var range = inner
        if let node = range.mediaRange(), range.isAtEnd { return node }
        return .unknown
    }

    /// (name) and (name: value).
    private mutating func mediaFeature() -> MediaNode? {
        guard let name = keyword else { return nil }
        advance()
        guard take(.colon) else { return isAtEnd ? booleanFeature(name) : nil }
        switch name {
        case .minWidth: return mediaLength().map { .width(.greaterOrEqual, $0) }
        case .maxWidth: return mediaLength().map { .width(.lessOrEqual, $0) }
        case .width: return mediaLength().map { .width(.equal, $0) }
        case .minHeight: return mediaLength().map { .height(.greaterOrEqual, $0) }
        case .maxHeight: return mediaLength().map { .height(.lessOrEqual, $0) }
        case .height: return mediaLength().map { .height(.equal, $0) }
        default: return keywordFeature(name)
        }
    }
    private mutating func keywordFeature(_ name: Keyword) -> MediaNode? {
        guard let value = keyword else { return nil }
        advance()
        switch (name, value) {
        case (.orientation, .portrait): return .portrait(true)
        case (.orientation, .landscape): return .portrait(false)
        case (.prefersColorScheme, _): return .constant(value == .light)
        case (.prefersReducedMotion, _), (.prefersContrast, _): return .constant(value == .noPreference)
        case (.hover, _), (.anyHover, _): return .constant(value == .hover)
        case (.pointer, _), (.anyPointer, _): return .constant(value == .fine)
        case (.scripting, _): return .constant(value == .none)
        default: return .unknown
        }
    }
    private func booleanFeature(_ name: Keyword) -> MediaNode {
        switch name {
        case .width, .height, .color, .hover, .anyHover, .pointer, .anyPointer, .orientation, .prefersColorScheme, .resolution, .aspectRatio: return .constant(true)
        case .prefersReducedMotion, .prefersContrast, .scripting: return .constant(false)
        default: return .unknown
        }
    }
    private mutating func mediaLength() -> SpecifiedLength? {
        guard case .length(let length)? = self.length([.negative, .noPercent]) else { return nil }
        return length
    }

    /// (width >= 600px), (400px < width <= 700px).
    private mutating func mediaRange() -> MediaNode? {
        if let name = keyword {
            advance()
            guard let comparison = mediaComparison(), let length = mediaLength() else { return nil }
            return range(name, comparison, length)
        }
        guard let low = mediaLength(), let first = mediaComparison(), let name = keyword else { return nil }
        advance()
        guard let left = range(name, first.flipped, low) else { return nil }
        if isAtEnd { return left }
        guard let second = mediaComparison(), let high = mediaLength(), let right = range(name, second, high) else { return nil }
        return .all([left, right])
    }
    private func range(_ name: Keyword, _ comparison: MediaComparison, _ length: SpecifiedLength) -> MediaNode? {
        switch name {
        case .width: return .width(comparison, length)
        case .height: return .height(comparison, length)
        default: return nil
        }
    }
    private mutating func mediaComparison() -> MediaComparison? {
        if takeDelimiter(0x3D) { return .equal }
        let isLess = isDelimiter(0x3C)
        guard isLess || isDelimiter(0x3E) else { return nil }
        index += 1
        let orEqual = index < end && isDelimiter(0x3D)
        if orEqual { index += 1 }
        skipWhitespace()
        return isLess ? (orEqual ? .lessOrEqual : .less) : (orEqual ? .greaterOrEqual : .greater)
    }
}

extension MediaComparison {
    /// The comparison with its sides exchanged.
    fileprivate var flipped: MediaComparison {
        switch self {
        case .less: return .greater
        case .lessOrEqual: return .greaterOrEqual
        case .equal: return .equal
        case .greaterOrEqual: return .lessOrEqual
        case .greater: return .less
        }
    }
}
