// What a person does with a page: pointer and keys become events, events get their default actions — links, forms, focus,
// selection, typing. The owner paints, loads and scrolls; this asks for it through the outlets below.
// Invariants: `focused` is none or an element of the document; `hovered` and `active` list the elements that carry these
// states, and no others carry them.

import ABI
import CSS
import DOM
import Graphics
import Layout
import TabProtocol
import Toolkit
import WebNet

public final class PageInteraction: ControlTextProvider {
    public let document: Document
    public let view: PageView
    public let listeners = EventListeners()
    let painter: TextPainter

    // Set by the owner.
    /// What relative addresses are resolved against.
    public var baseURL: URL
    public var scrollY: Int32 = 0
    public var onOpen: ((_ url: URL, _ target: LinkTarget) -> Void)?
    /// The focus went from one element to another, either of which may be none.
    public var onFocusChange: ((_ old: NodeID, _ new: NodeID, _ how: FrameFocus) -> Void)?
    /// Tab went past an end of the page.
    public var onFocusLeaves: ((_ backwards: Bool) -> Void)?
    public var onSubmit: ((FormSubmission) -> Void)?
    /// Pixels changed.
    public var onRepaint: (() -> Void)?
    /// Another link (or none, "") or another pointer shape is under the pointer.
    public var onHover: ((_ url: String, _ shape: PointerShape) -> Void)?
    /// Something should come into view: scroll the page to this y.
    public var onScroll: ((_ y: Int32) -> Void)?
    /// The clipboard was written (Toolkit's `Clipboard`).
    public var onCopy: (() -> Void)?
    /// The user changed some control: there is state to keep.
    public var onFormChange: (() -> Void)?
    /// What a folder of this machine holds; nil when there is none of that path. Without it no files can be chosen.
    public var listFolder: ((_ path: String) -> [FolderEntry]?)?
    /// The content of a file that was chosen; nil when it cannot be read.
    public var readFile: ((_ path: String) -> [UInt8]?)?
    /// The encoding of a label, or (nil) that of the page; nil for a label that is not known.
    public var charset: ((_ label: String?) -> FormCharset?)?

    // Focus and pointer.
    public private(set) var focused = NodeID.none
    private var focusWay = FrameFocus.byPointer
    var hovered: [NodeID] = [], active: [NodeID] = []
    var pressed = NodeID.none, pressedX: Int32 = 0, pressedY: Int32 = 0
    var lastX: Int32 = -1, lastY: Int32 = -1
    enum Drag { case none, page, control(NodeID) }
    var drag = Drag.none
    var hoverURL = "", hoverShape = PointerShape.arrow

    // Text.
    var editors: [UInt32: ControlEditor] = [:]
    public internal(set) var selection: (anchor: TextPosition, end: TextPosition)?
    var selectionHighlights: [TextHighlight] = [], findHighlights: [TextHighlight] = []
    var highlightVersion = UInt64.max
    var finder = Finder()

    // Overlays.
    var popup: SelectPopup?
    var filePicker: FilePicker?
    /// Where the next file is looked for.
    var lastFolder = "/data/"
    var bubble: (control: NodeID, message: String)?

    public init(view: PageView, baseURL: URL) {
        self.view = view
        self.baseURL = baseURL
        document = view.document
        painter = TextPainter(fonts: view.fonts, pixels: 14)
        view.controlText = self
    }

    var focusOrder: FocusOrder { FocusOrder(view) }
    func repaint() { onRepaint?() }

    // MARK: Hit testing

    /// The pointer is held down on the page, or a list of options lies over it: nothing under it hears of the pointer.
    public var isBusy: Bool { popup != nil || !pressed.isNone }
    /// The element under a point of the viewport.
    public func element(at x: Int32, _ y: Int32) -> NodeID { hit(x, y) }
    /// The element under a point of the viewport; the root element where there is none.
    func hit(_ x: Int32, _ y: Int32) -> NodeID {
        let n = view.hitTest(x: x, y: y &+ scrollY, scrollX: 0, scrollY: scrollY)
        return n.isNone ? document.documentElement : n
    }
    func ancestor(_ n: NodeID, where condition: (NodeID) -> Bool) -> NodeID {
        var at = n
        while !at.isNone {
            if document.isElement(at), condition(at) { return at }
            at = document.parent(at)
        }
        return .none
    }
    func link(at n: NodeID) -> NodeID { ancestor(n) { document.isLink($0) } }
    func url(ofLink n: NodeID) -> URL? { n.isNone ? nil : baseURL.resolve(stripped(document.attribute(n, .href) ?? "")) }

    // MARK: Focus (HTML §6.6.4)

    /// Moves the focus. `visible`: came by keyboard, so that `:focus-visible` matches; text controls always show it.
    public func focus(_ n: NodeID, visible: Bool) {
        if n == focused { return }
        let old = focused
        if !old.isNone { loseFocus(old, to: n) }
        focused = n
        if !n.isNone {
            var state = document.state(n).union([.focused, .focusWithin])
            if visible || document.isTextControl(n) { state.insert(.focusVisible) }
            document.setState(n, state)
            setFocusWithin(n, true)
            if document.isTextControl(n) {
                var editor = editor(for: n)
                editor.valueAtFocus = editor.value
                if visible, !editor.isMultiline { editor.selectAll() }
                editors[n.raw] = editor
            }
            fire(.focus, n) { $0.relatedTarget = old }
            fire(.focusIn, n) { $0.relatedTarget = old }
        }
        onFocusChange?(old, n, focusWay)
        repaint()
    }
    private func loseFocus(_ n: NodeID, to next: NodeID) {
        popup = nil
        filePicker = nil
        bubble = nil
        commitText(n)
        document.setState(n, document.state(n).subtracting([.focused, .focusVisible, .focusWithin]))
        setFocusWithin(n, false)
        focused = .none
        fire(.blur, n) { $0.relatedTarget = next }
        fire(.focusOut, n) { $0.relatedTarget = next }
    }
    private func setFocusWithin(_ n: NodeID, _ on: Bool) {
        var at = document.parent(n)
        while !at.isNone {
            if document.isElement(at) { document.setState(at, on ? document.state(at).union(.focusWithin) : document.state(at).subtracting(.focusWithin)) }
            at = document.parent(at)
        }
    }
    /// A text control that lost the focus, or was submitted, with another value than it got it with: `change`.
    func commitText(_ n: NodeID) {
        guard document.isTextControl(n), let editor = editors[n.raw], let before = editor.valueAtFocus else { return }
        let now = editor.value
        if now == before { return }
        editors[n.raw]?.valueAtFocus = now
        fire(.change, n)
    }

    /// The first element with `autofocus` gets the focus when the page is there.
    public func applyAutofocus() {
        guard focused.isNone else { return }
        var n = document.root
        while !n.isNone {
            if document.isElement(n), document.hasAttribute(n, .autofocus), focusOrder.isFocusable(n) { focus(n, visible: false); return }
            n = document.next(n, within: document.root)
        }
    }

    /// Tab and Shift+Tab.
    public func moveFocus(backwards: Bool) {
        focusByKey(focusOrder.next(after: focused, backwards: backwards), backwards)
    }
    /// The focus comes from outside the page, with Tab or Shift+Tab.
    public func enterByKey(backwards: Bool) { focusByKey(focusOrder.next(after: .none, backwards: backwards), backwards) }
    private func focusByKey(_ next: NodeID, _ backwards: Bool) {
        focusWay = backwards ? .backwards : .forwards
        focus(next, visible: !document.isHTML(next, .iframe))
        focusWay = .byPointer
        if next.isNone { onFocusLeaves?(backwards) } else { reveal(next) }
    }
    /// Scrolls so that an element is in view.
    func reveal(_ n: NodeID) { if let r = view.rect(of: n) { reveal(r) } }
    public func reveal(_ r: Rect) {
        let height = view.viewportHeight
        if r.y < scrollY || (r.maxY > scrollY + height && r.height >= height) { onScroll?(max(0, r.y - 24)) } else if r.maxY > scrollY + height { onScroll?(r.maxY - height + 24) }
    }

    // MARK: States of elements under the pointer

    private func chain(_ n: NodeID) -> [NodeID] {
        var result: [NodeID] = []
        var at = n
        while !at.isNone { if document.isElement(at) { result.append(at) }; at = document.parent(at) }
        return result
    }
    func setHovered(_ n: NodeID) { update(&hovered, to: n, .hovered) }
    func setActive(_ n: NodeID) { update(&active, to: n, .active) }
    private func update(_ list: inout [NodeID], to n: NodeID, _ flag: ElementState) {
        let next = chain(n)
        if list.first == next.first { return }
        let before = document.stateCount
        for old in list { document.setState(old, document.state(old).subtracting(flag)) }
        for new in next { document.setState(new, document.state(new).union(flag)) }
        list = next
        if document.stateCount != before, view.styles.depends(on: flag) { repaint() }
    }

    // MARK: Events

    /// Sends an event; false when its default action is cancelled.
    @discardableResult
    func fire(_ kind: EventKind, _ n: NodeID, _ fill: (DOMEvent) -> Void = { _ in }) -> Bool {
        if listeners.isEmpty { return true }
        let event = DOMEvent(kind, n)
        fill(event)
        return listeners.dispatch(event, in: document)
    }

    // MARK: Painting

    /// Brings what depends on the layout up to date; call when the layout is.
    public func prepareToPaint() {
        if highlightVersion == view.textVersion { return }
        highlightVersion = view.textVersion
        selectionHighlights = selection.map { view.highlights(from: $0.anchor, to: $0.end, color: Color(0xB5, 0xD3, 0xFF)) } ?? []
        if finder.isActive { refreshFind() }
        publishHighlights()
    }
    func publishHighlights() { view.highlights = [findHighlights, selectionHighlights] }
    func selectionChanged() {
        selectionHighlights = selection.map { view.highlights(from: $0.anchor, to: $0.end, color: Color(0xB5, 0xD3, 0xFF)) } ?? []
        publishHighlights()
        repaint()
    }
}
