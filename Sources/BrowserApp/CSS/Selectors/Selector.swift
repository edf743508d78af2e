// Compiled selectors (Selectors 4): flat arrays of parts, rightmost compound first, so that matching walks from the element up.
import DOM

/// What a part tests, or the combinator that leads to the next compound.
enum PartKind: UInt8 {
    case type, id, `class`
    case attributeExists, attributeEquals, attributeIncludes, attributeDash, attributePrefix, attributeSuffix, attributeSubstring
    case firstChild, lastChild, onlyChild, firstOfType, lastOfType, onlyOfType
    case nthChild, nthLastChild, nthOfType, nthLastOfType
    case root, empty, anyLink, link, visited, hover, active, focus, focusVisible, focusWithin, target
    case checked, disabled, enabled, required, optional, readWrite, readOnly, placeholderShown, indeterminate, lang
    case not, matchesAny, has, scope, never
    case descendant, child, nextSibling, laterSibling

    var isCombinator: Bool { rawValue >= PartKind.descendant.rawValue }
}

/// One simple selector or combinator. `atom`: name of type, id, class or attribute.
struct SelectorPart {
    var kind: PartKind
    var ignoresCase = false
    var atom: UInt32 = 0
    /// a of an+b; index of the compared string; index of the selector list.
    var a: Int32 = 0
    var b: Int32 = 0
}

public enum PseudoElement: UInt8, Sendable { case none, before, after, marker, firstLine, firstLetter, placeholder
    /// Valid but without effect here, such as ::selection.
    case ignored
}

struct CompiledSelector {
    var start: UInt32, end: UInt32
    /// ids << 20 | classes << 10 | types, each at most 1023.
    var specificity: UInt32
    var pseudo = PseudoElement.none
    var rule: UInt32 = 0
    /// Hashes of names that ancestors must have, for the Bloom filter; 0 unused.
    var ancestors: (UInt32, UInt32, UInt32) = (0, 0, 0)
}

/// The selectors of one sheet.
final class SelectorStore {
    var parts: [SelectorPart] = []
    var strings: [[UInt8]] = []
    /// Arguments of :not, :is, :where and :has, and what `&` stands for.
    var lists: [[CompiledSelector]] = []
    var selectors: [CompiledSelector] = []
    /// Some selector looks at this state of elements.
    var usesState: ElementState = []

    /// The finished selectors in the form that matching reads. Call after parsing.
    lazy var frozen = FrozenSelectors(self)
}

/// Selectors that no longer change: constants and raw memory, so that matching takes no exclusivity checks or reference counts
/// (they were half of the matching time).
final class FrozenSelectors {
    let parts: UnsafePointer<SelectorPart>
    let strings: [[UInt8]]
    let lists: [[CompiledSelector]]

    init(_ store: SelectorStore) {
        let copy = UnsafeMutablePointer<SelectorPart>.allocate(capacity: max(1, store.parts.count))
        for (i, part) in store.parts.enumerated() { (copy + i).initialize(to: part) }
        parts = UnsafePointer(copy)
        strings = store.strings
        lists = store.lists
    }
    deinit { parts.deallocate() }
}

/// Hash used by the ancestor filter; never zero.
@inline(__always) func ancestorHash(_ kind: PartKind, _ atom: UInt32) -> UInt32 {
    let mixed = (atom &* 0x9E37_79B1) ^ (UInt32(kind.rawValue) &* 0x85EB_CA6B)
    return mixed ^ mixed >> 15 | 1
}
