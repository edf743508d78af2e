// Which elements a change of an element's state can restyle, read off the selectors once per index: the element itself, what is
// below it (`li:hover > ul`), or what is behind it as well (`input:focus + label`). Selectors that look at states in ways that are
// not followed here (inside :has(), behind combinators inside :is() and :not()) make their states count everywhere.
import DOM

struct StateDependence {
    /// How far a compound's element is from the element that is styled.
    enum Reach: UInt8 { case element, subtree, siblings }
    /// A compound that looks at states.
    struct Watcher {
        let parts: UnsafePointer<SelectorPart>
        let start: Int, end: Int
        let states: ElementState
        let reach: Reach
    }

    /// States that are followed at all; a change of another one restyles the page.
    static let followed: ElementState = [.hovered, .active, .focused, .focusVisible, .focusWithin]
    private(set) var everywhere: ElementState = []
    private(set) var watchers: [Watcher] = []
    /// A page with more has its states count everywhere.
    private static let watcherCountMax = 512

    mutating func add(_ selector: CompiledSelector, _ store: FrozenSelectors) {
        var start = Int(selector.start), reach = Reach.element
        while start < Int(selector.end) {
            var end = start, states: ElementState = []
            while end < Int(selector.end), !store.parts[end].kind.isCombinator {
                states.formUnion(self.states(of: store.parts[end], store))
                end += 1
            }
            if watchers.count >= StateDependence.watcherCountMax { everywhere.formUnion(states) }
            else if !states.isEmpty { watchers.append(Watcher(parts: store.parts, start: start, end: end, states: states, reach: reach)) }
            guard end < Int(selector.end) else { return }
            let isAside = store.parts[end].kind == .nextSibling || store.parts[end].kind == .laterSibling
            reach = isAside || reach == .siblings ? .siblings : .subtree
            start = end + 1
        }
    }

    private mutating func states(of part: SelectorPart, _ store: FrozenSelectors) -> ElementState {
        switch part.kind {
        case .hover: return .hovered
        case .active: return .active
        case .focus: return .focused
        case .focusVisible: return .focusVisible
        case .focusWithin: return [.focusWithin, .focused]
        case .not, .matchesAny, .has: return nested(part, store)
        default: return []                                   // the others' states are not followed
        }
    }
    /// States in the arguments of a function: the element's own, unless an argument leads elsewhere.
    private mutating func nested(_ part: SelectorPart, _ store: FrozenSelectors) -> ElementState {
        var found: ElementState = [], isElsewhere = part.kind == .has
        for selector in store.lists[Int(part.a)] {
            for i in Int(selector.start)..<Int(selector.end) {
                if store.parts[i].kind.isCombinator { isElsewhere = true } else { found.formUnion(states(of: store.parts[i], store)) }
            }
        }
        if !isElsewhere { return found }
        everywhere.formUnion(found)
        return []
    }

    /// How far a change of these states on the element reaches; nil: nothing looks at them there.
    func reach(of changed: ElementState, on node: NodeID, _ document: Document) -> Reach? {
        var result: Reach?
        for watcher in watchers where !watcher.states.isDisjoint(with: changed) && mayMatch(watcher, node, document) {
            if watcher.reach.rawValue >= (result?.rawValue ?? 0) { result = watcher.reach }
        }
        return result
    }
    /// Compares names only: the rest of the compound may hold.
    private func mayMatch(_ watcher: Watcher, _ node: NodeID, _ document: Document) -> Bool {
        for i in watcher.start..<watcher.end {
            let part = watcher.parts[i]
            switch part.kind {
            case .type: if document.name(node).raw != part.atom { return false }
            case .id: if document.id(node)?.raw != part.atom { return false }
            case .class: if !document.hasClass(node, Atom(raw: part.atom)) { return false }
            default: break
            }
        }
        return true
    }
}
