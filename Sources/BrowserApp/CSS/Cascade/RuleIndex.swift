// All active selectors of all sheets, by the id, class or type their rightmost compound asks for, and the ancestor filter.
// Entries carry their 64-bit cascade key: origin, layer, specificity, order of appearance (CSS Cascade 5 §6).
import DOM

struct RuleEntry {
    /// origin 2 bits | layer 12 bits | specificity 30 bits | order 20 bits.
    var key: UInt64
    var selector: CompiledSelector
    var sheet: UInt32
    var rule: UInt32
    /// Next entry of the same bucket; -1 ends.
    var next: Int32 = -1
    var hasImportant: Bool
    /// Order of the layer among important declarations, where earlier layers win.
    var layerOrder: UInt16
}

final class RuleIndex {
    let sheets: [StyleSheet]
    private let frozen: [FrozenSelectors]
    private let storage: UnsafeMutableBufferPointer<RuleEntry>
    let entries: UnsafePointer<RuleEntry>
    let entryCount: Int
    private let idHeads: [Int32], classHeads: [Int32], typeHeads: [Int32]
    private let universalHead: Int32
    let usesState: ElementState
    /// What a change of a state can restyle.
    let dependence: StateDependence
    static let unlayered: UInt64 = 0xFFF

    init(sheets: [StyleSheet], context: MediaContext) {
        var builder = RuleIndexBuilder()
        for (number, sheet) in sheets.enumerated() { builder.add(sheet, number: UInt32(number), context) }
        self.sheets = sheets
        frozen = sheets.map { $0.store.frozen }
        storage = UnsafeMutableBufferPointer.allocate(capacity: max(1, builder.entries.count))
        _ = storage.initialize(from: builder.entries)
        entries = UnsafePointer(storage.baseAddress!)
        entryCount = builder.entries.count
        idHeads = builder.idHeads; classHeads = builder.classHeads; typeHeads = builder.typeHeads
        universalHead = builder.universalHead
        usesState = builder.usesState
        var dependence = StateDependence()
        for entry in builder.entries { dependence.add(entry.selector, frozen[Int(entry.sheet)]) }
        self.dependence = dependence
    }
    deinit { storage.deallocate() }

    /// Numbers of the entries that match the element, unsorted; those of pseudo-elements included.
    func collect(_ node: NodeID, _ document: Document, _ matcher: SelectorMatcher, _ filter: AncestorFilter, _ out: inout [Int32]) {
        collectBucket(universalHead, node, matcher, filter, &out)
        let type = Int(document.name(node).raw)
        if type < typeHeads.count { collectBucket(typeHeads[type], node, matcher, filter, &out) }
        if let id = document.id(node), Int(id.raw) < idHeads.count { collectBucket(idHeads[Int(id.raw)], node, matcher, filter, &out) }
        for name in document.classes(node) where Int(name.raw) < classHeads.count { collectBucket(classHeads[Int(name.raw)], node, matcher, filter, &out) }
    }
    @inline(__always)
    private func collectBucket(_ head: Int32, _ node: NodeID, _ matcher: SelectorMatcher, _ filter: AncestorFilter, _ out: inout [Int32]) {
        var next = head
        while next >= 0 {
            let entry = entries + Int(next)
            if filter.mayMatch(entry.pointee.selector.ancestors), matcher.matches(entry.pointee.selector, frozen[Int(entry.pointee.sheet)], node) { out.append(next) }
            next = entry.pointee.next
        }
    }
}

/// Collects the entries and buckets of an index.
private struct RuleIndexBuilder {
    var entries: [RuleEntry] = []
    var idHeads: [Int32] = [], classHeads: [Int32] = [], typeHeads: [Int32] = []
    var universalHead: Int32 = -1
    var usesState: ElementState = []
    private var layerNames: [String] = []
    private var order: UInt64 = 0

    mutating func add(_ sheet: StyleSheet, number: UInt32, _ context: MediaContext) {
        usesState.formUnion(sheet.store.usesState)
        var layerOrders: [UInt16] = []
        for name in sheet.layers { layerOrders.append(layerOrder(name)) }
        var active: [Bool] = []
        for i in sheet.conditions.indices { active.append(sheet.isActive(Int32(i), context)) }
        for selector in sheet.store.selectors where selector.pseudo != .ignored {
            let rule = sheet.rules[Int(selector.rule)]
            if rule.condition >= 0, !active[Int(rule.condition)] { continue }
            let layer = rule.layer == 0 ? RuleIndex.unlayered : UInt64(layerOrders[Int(rule.layer) - 1])
            let origin = UInt64(sheet.isUserAgent ? Origin.userAgent.rawValue : Origin.author.rawValue)
            order = min(order + 1, 0xFFFFF)
            let key = origin << 62 | layer << 50 | UInt64(selector.specificity) << 20 | order
            insert(RuleEntry(key: key, selector: selector, sheet: number, rule: selector.rule, hasImportant: rule.hasImportant, layerOrder: UInt16(layer)), sheet.store)
        }
    }
    private mutating func layerOrder(_ name: String) -> UInt16 {
        if let found = layerNames.firstIndex(of: name) { return UInt16(min(found, 0xFFE)) }
        layerNames.append(name)
        return UInt16(min(layerNames.count - 1, 0xFFE))
    }

    private mutating func insert(_ entry: RuleEntry, _ store: SelectorStore) {
        var id: UInt32?, className: UInt32?, types: [UInt32]?
        var i = Int(entry.selector.start)
        while i < Int(entry.selector.end), !store.parts[i].kind.isCombinator {
            let part = store.parts[i]
            if part.kind == .id { id = part.atom } else if part.kind == .class, className == nil { className = part.atom }
            else if types == nil || part.kind == .type { types = possibleTypes(part, store) ?? types }
            i += 1
        }
        var entry = entry
        let number = Int32(entries.count)
        if let id { RuleIndexBuilder.push(number, id, &idHeads, &entry) }
        else if let className { RuleIndexBuilder.push(number, className, &classHeads, &entry) }
        else if let types {
            for type in types {                                         // one entry in the bucket of each possible type
                RuleIndexBuilder.push(Int32(entries.count), type, &typeHeads, &entry)
                entries.append(entry)
            }
            return
        } else { entry.next = universalHead; universalHead = number }
        entries.append(entry)
    }
    /// Element types that a part restricts its element to; nil when it does not.
    private func possibleTypes(_ part: SelectorPart, _ store: SelectorStore) -> [UInt32]? {
        switch part.kind {
        case .type: return [part.atom]
        case .anyLink, .link, .visited: return [Atom.a.raw, Atom.area.raw]
        case .matchesAny:
            var types: [UInt32] = []
            for selector in store.lists[Int(part.a)] {
                let first = store.parts[Int(selector.start)]
                guard first.kind == .type else { return nil }
                if !types.contains(first.atom) { types.append(first.atom) }
            }
            return types
        default: return nil
        }
    }
    private static func push(_ number: Int32, _ atom: UInt32, _ heads: inout [Int32], _ entry: inout RuleEntry) {
        while heads.count <= Int(atom) { heads.append(-1) }
        entry.next = heads[Int(atom)]
        heads[Int(atom)] = number
    }
}

/// A counting Bloom filter of the names on the path from the root: rejects most descendant selectors at once.
final class AncestorFilter {
    private let counts: UnsafeMutablePointer<UInt16>

    init() {
        counts = UnsafeMutablePointer.allocate(capacity: 4096)
        counts.initialize(repeating: 0, count: 4096)
    }
    deinit { counts.deallocate() }

    @inline(__always) func mayMatch(_ hashes: (UInt32, UInt32, UInt32)) -> Bool { contains(hashes.0) && contains(hashes.1) && contains(hashes.2) }
    @inline(__always) private func contains(_ hash: UInt32) -> Bool {
        hash == 0 || (counts[Int(hash & 4095)] != 0 && counts[Int(hash >> 12 & 4095)] != 0)
    }
    func push(_ node: NodeID, _ document: Document) { update(node, document, 1) }
    func pop(_ node: NodeID, _ document: Document) { update(node, document, UInt16.max) }

    /// Adds `delta` modulo 2^16; push and pop of the same node cancel.
    private func update(_ node: NodeID, _ document: Document, _ delta: UInt16) {
        change(ancestorHash(.type, document.name(node).raw), delta)
        if let id = document.id(node) { change(ancestorHash(.id, id.raw), delta) }
        for name in document.classes(node) { change(ancestorHash(.class, name.raw), delta) }
    }
    private func change(_ hash: UInt32, _ delta: UInt16) {
        counts[Int(hash & 4095)] &+= delta
        counts[Int(hash >> 12 & 4095)] &+= delta
    }
}
