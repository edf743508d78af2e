// Grammars of backgrounds (CSS Backgrounds 3 §3): each longhand is a list with one value a layer.
import Graphics

extension PropertyParser {
    mutating func layerList(_ property: PropertyID, _ cursor: inout TokenCursor) -> Value? {
        var values: [Value] = []
        repeat {
            guard values.count < CSSLimits.listCountMax, let value = layerValue(property, &cursor) else { return nil }
            values.append(value)
        } while cursor.take(.comma)
        return .list(values)
    }

    private func layerValue(_ property: PropertyID, _ cursor: inout TokenCursor) -> Value? {
        switch property {
        case .backgroundImage: return image(&cursor)
        case .backgroundRepeat: return backgroundRepeat(&cursor)
        case .backgroundPositionX: return axisPosition(&cursor, .left, .right)
        case .backgroundPositionY: return axisPosition(&cursor, .top, .bottom)
        case .backgroundSize: return backgroundSize(&cursor)
        case .backgroundAttachment: return choice([.scroll, .fixed, .local], &cursor)
        case .backgroundOrigin: return choice([.borderBox, .paddingBox, .contentBox], &cursor)
        case .backgroundClip: return choice([.borderBox, .paddingBox, .contentBox, .text], &cursor)
        default: return nil
        }
    }

    /// Both axes packed: x | y << 4, raw values of `BackgroundRepeat`.
    func backgroundRepeat(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.repeatX) { return .integer(0 | 1 << 4) }
        if cursor.take(.repeatY) { return .integer(1 | 0 << 4) }
        let choices: [Keyword] = [.repeat, .noRepeat, .space, .round]
        guard case .enumeration(let x)? = choice(choices, &cursor) else { return nil }
        guard case .enumeration(let y)? = choice(choices, &cursor) else { return .integer(Int32(x) | Int32(x) << 4) }
        return .integer(Int32(x) | Int32(y) << 4)
    }
    func backgroundSize(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.cover) { return .keyword(.cover) }
        if cursor.take(.contain) { return .keyword(.contain) }
        guard let width = lengthValue(.auto, &cursor) else { return nil }
        return .list([width, lengthValue(.auto, &cursor) ?? .keyword(.auto)])
    }
    private func axisPosition(_ cursor: inout TokenCursor, _ low: Keyword, _ high: Keyword) -> Value? {
        if cursor.take(.center) { return percentValue(50) }
        if cursor.take(low) { return cursor.length(.negative) ?? percentValue(0) }
        if cursor.take(high) { return cursor.length(.negative).map { fromFarEdge($0) } ?? percentValue(100) }
        return cursor.length(.negative)
    }
    /// <bg-position>: one to four components, in either order of axes.
    func positionPair(_ cursor: inout TokenCursor) -> (Value, Value)? {
        var parts: [(keyword: Keyword?, length: Value?)] = []
        while parts.count < 4 {
            if let keyword = cursor.keyword, [.left, .right, .top, .bottom, .center].contains(keyword) { cursor.advance(); parts.append((keyword, nil)) }
            else if let length = cursor.length(.negative) { parts.append((nil, length)) }
            else { break }
        }
        if parts.isEmpty { return nil }
        return parts.count <= 2 ? shortPosition(parts) : edgePosition(parts)
    }
    private func shortPosition(_ parts: [(keyword: Keyword?, length: Value?)]) -> (Value, Value)? {
        func isVertical(_ k: Keyword?) -> Bool { k == .top || k == .bottom }
        func isHorizontal(_ k: Keyword?) -> Bool { k == .left || k == .right }
        func value(_ part: (keyword: Keyword?, length: Value?)) -> Value {
            switch part.keyword {
            case .left?, .top?: return percentValue(0)
            case .right?, .bottom?: return percentValue(100)
            case .center?: return percentValue(50)
            default: return part.length ?? percentValue(0)
            }
        }
        if parts.count == 1 { return isVertical(parts[0].keyword) ? (percentValue(50), value(parts[0])) : (value(parts[0]), percentValue(50)) }
        if isVertical(parts[0].keyword) || isHorizontal(parts[1].keyword) {
            guard parts[0].keyword != nil, parts[1].keyword != nil, !isHorizontal(parts[0].keyword), !isVertical(parts[1].keyword) else { return nil }
            return (value(parts[1]), value(parts[0]))
        }
        return (value(parts[0]), value(parts[1]))
    }
    private func edgePosition(_ parts: [(keyword: Keyword?, length: Value?)]) -> (Value, Value)? {
        var x: Value?, y: Value?, i = 0
        while i < parts.count {
            guard let edge = parts[i].keyword else { return nil }
            i += 1
            var offset: Value?
            if edge != .center, i < parts.count, let length = parts[i].length { offset = length; i += 1 }
            switch edge {
            case .left: x = offset ?? percentValue(0)
            case .right: x = offset.map { fromFarEdge($0) } ?? percentValue(100)
            case .top: y = offset ?? percentValue(0)
            case .bottom: y = offset.map { fromFarEdge($0) } ?? percentValue(100)
            default: if x == nil, i < parts.count || y != nil { x = percentValue(50) } else { y = percentValue(50) }
            }
        }
        return (x ?? percentValue(50), y ?? percentValue(50))
    }
    private func fromFarEdge(_ offset: Value) -> Value {
        let node: MathNode
        switch offset {
        case .length(let length): node = .length(length)
        case .math(let math): node = math
        default: return percentValue(100)
        }
        return .math(.sum([.length(SpecifiedLength(value: 100 << 16, unit: .percent)), .scaled(node, factor: -65536, divisor: 65536)]))
    }
    func percentValue(_ percent: Int64) -> Value { .length(SpecifiedLength(value: percent << 16, unit: .percent)) }

    mutating func backgroundPosition(_ cursor: inout TokenCursor) -> Bool {
        var xs: [Value] = [], ys: [Value] = []
        repeat {
            guard xs.count < CSSLimits.listCountMax, let (x, y) = positionPair(&cursor) else { return false }
            xs.append(x)
            ys.append(y)
        } while cursor.take(.comma)
        add(.backgroundPositionX, .list(xs))
        add(.backgroundPositionY, .list(ys))
        return true
    }

    private struct Layer {
        var image: Value?, position: (Value, Value)?, size: Value?, repeats: Value?, attachment: Value?, origin: Value?, clip: Value?, color: Value?
    }

    mutating func background(_ cursor: inout TokenCursor) -> Bool {
        var layers: [Layer] = []
        repeat {
            guard layers.count < CSSLimits.listCountMax, layers.last?.color == nil, let layer = backgroundLayer(&cursor) else { return false }
            layers.append(layer)
        } while cursor.take(.comma)
        var lists = [[Value]](repeating: [], count: 8)
        for layer in layers {
            lists[0].append(layer.image ?? .image(.none))
            lists[1].append(layer.repeats ?? .integer(0))
            lists[2].append(layer.position?.0 ?? percentValue(0))
            lists[3].append(layer.position?.1 ?? percentValue(0))
            lists[4].append(layer.size ?? .list([.keyword(.auto), .keyword(.auto)]))
            lists[5].append(layer.attachment ?? .enumeration(0))
            lists[6].append(layer.origin ?? .enumeration(1))
            lists[7].append(layer.clip ?? layer.origin ?? .enumeration(0))
        }
        add(.backgroundColor, layers.last?.color ?? .color(.color(.transparent)))
        for (i, property) in PropertyID.backgroundLonghands.dropFirst().enumerated() { add(property, .list(lists[i])) }
        return true
    }
    private func backgroundLayer(_ cursor: inout TokenCursor) -> Layer? {
        var layer = Layer(), count = 0
        while !cursor.isAtEnd, cursor.token.kind != .comma {
            count += 1
            if layer.image == nil, let value = image(&cursor) { layer.image = value; continue }
            if layer.repeats == nil, let value = backgroundRepeat(&cursor) { layer.repeats = value; continue }
            if layer.attachment == nil, let value = choice([.scroll, .fixed, .local], &cursor) { layer.attachment = value; continue }
            if let value = choice([.borderBox, .paddingBox, .contentBox], &cursor) {
                if layer.origin == nil { layer.origin = value } else if layer.clip == nil { layer.clip = value } else { return nil }
                continue
            }
            if layer.position == nil, let position = positionPair(&cursor) {
                layer.position = position
                if cursor.takeDelimiter(0x2F) { guard let size = backgroundSize(&cursor) else { return nil }; layer.size = size }
                continue
            }
            guard layer.color == nil, let color = colorValue(&cursor) else { return nil }
            layer.color = color
        }
        return count > 0 ? layer : nil
    }
}
