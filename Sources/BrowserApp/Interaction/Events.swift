// Events and their way through a document (DOM §2.9): capture from the root, target, bubble back up. Default actions are
// not listeners: whoever dispatches performs them when the event comes back uncancelled.
// Invariant: listeners run in the order in which they were added; one that is removed while an event runs is not called.

import ABI
import DOM

public enum EventKind: UInt8, Sendable {
    case mouseDown, mouseUp, mouseMove, click, auxClick, doubleClick
    case keyDown
    case focus, blur, focusIn, focusOut
    case input, change, invalid, submit, reset, select
    case copy, cut, paste

    /// The type as scripts write it.
    public var name: String {
        switch self {
        case .mouseDown: "mousedown"
        case .mouseUp: "mouseup"
        case .mouseMove: "mousemove"
        case .click: "click"
        case .auxClick: "auxclick"
        case .doubleClick: "dblclick"
        case .keyDown: "keydown"
        case .focus: "focus"
        case .blur: "blur"
        case .focusIn: "focusin"
        case .focusOut: "focusout"
        case .input: "input"
        case .change: "change"
        case .invalid: "invalid"
        case .submit: "submit"
        case .reset: "reset"
        case .select: "select"
        case .copy: "copy"
        case .cut: "cut"
        case .paste: "paste"
        }
    }
    var bubbles: Bool {
        switch self {
        case .focus, .blur, .invalid: false
        default: true
        }
    }
    var isCancelable: Bool {
        switch self {
        case .focus, .blur, .focusIn, .focusOut, .input, .change, .select: false
        default: true
        }
    }
}

public enum EventPhase: UInt8, Sendable { case none = 0, capturing, atTarget, bubbling }

/// An event on its way.
public final class DOMEvent {
    public let kind: EventKind
    public let target: NodeID
    public fileprivate(set) var currentTarget = NodeID.none
    public fileprivate(set) var phase = EventPhase.none
    /// Viewport pixels; 0 for events without a place.
    public var x: Int32 = 0, y: Int32 = 0
    public var button: UInt8 = 0
    public var modifiers: KeyModifiers = []
    /// evdev code and character of key events.
    public var keyCode: UInt16 = 0
    public var character: UInt32 = 0
    /// The other element of focus events.
    public var relatedTarget = NodeID.none
    public private(set) var isDefaultPrevented = false
    fileprivate var stops = false, stopsAtOnce = false

    public init(_ kind: EventKind, _ target: NodeID) { self.kind = kind; self.target = target }
    public func preventDefault() { if kind.isCancelable { isDefaultPrevented = true } }
    public func stopPropagation() { stops = true }
    public func stopImmediatePropagation() { stops = true; stopsAtOnce = true }
}

/// The listeners of one document.
public final class EventListeners {
    public typealias Body = (DOMEvent) -> Void
    public struct Token: Equatable, Sendable { let number: UInt32 }
    private struct Listener { var number: UInt32; var kind: EventKind; var isCapture: Bool; var isOnce: Bool; var body: Body }
    private var listeners: [UInt32: [Listener]] = [:]
    private var nextNumber: UInt32 = 1

    public init() {}

    @discardableResult
    public func add(_ node: NodeID, _ kind: EventKind, capture: Bool = false, once: Bool = false, _ body: @escaping Body) -> Token {
        let number = nextNumber
        nextNumber += 1
        listeners[node.raw, default: []].append(Listener(number: number, kind: kind, isCapture: capture, isOnce: once, body: body))
        return Token(number: number)
    }
    public func remove(_ node: NodeID, _ token: Token) {
        listeners[node.raw]?.removeAll { $0.number == token.number }
        if listeners[node.raw]?.isEmpty == true { listeners[node.raw] = nil }
    }
    public var isEmpty: Bool { listeners.isEmpty }

    /// Runs an event through the document; false when its default action is cancelled.
    @discardableResult
    public func dispatch(_ event: DOMEvent, in document: Document) -> Bool {
        if listeners.isEmpty { return true }
        var path: [NodeID] = []
        var n = event.target
        while !n.isNone { path.append(n); n = document.parent(n) }
        for node in path.reversed() where node != event.target { call(node, event, .capturing, capture: true) }
        call(event.target, event, .atTarget, capture: true)
        call(event.target, event, .atTarget, capture: false)
        if event.kind.bubbles { for node in path where node != event.target { call(node, event, .bubbling, capture: false) } }
        event.phase = .none
        event.currentTarget = .none
        return !event.isDefaultPrevented
    }

    private func call(_ node: NodeID, _ event: DOMEvent, _ phase: EventPhase, capture: Bool) {
        guard !event.stops, let all = listeners[node.raw] else { return }
        event.phase = phase
        event.currentTarget = node
        for listener in all where listener.kind == event.kind && listener.isCapture == capture {
            guard listeners[node.raw]?.contains(where: { $0.number == listener.number }) == true else { continue }
            if listener.isOnce { remove(node, Token(number: listener.number)) }
            listener.body(event)
            if event.stopsAtOnce { return }
        }
    }
}
