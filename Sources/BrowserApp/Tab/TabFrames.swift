// A tab's process and frames, from both sides: as the page around frames it passes input on to them and goes on with what they
// have no use for; as a frame it takes the commands of the page around it.

import ABI
import DOM
import Graphics
import Interaction
import Layout
import Runtime
import TabProtocol
import Toolkit
import WebNet

/// A frame's talk with the page around it.
final class EmbeddingLink {
    let record: Embedding
    let outbox: Outbox
    var blobs = BlobAssembler()
    init(_ record: Embedding, _ outbox: Outbox) { self.record = record; self.outbox = outbox }
}

extension TabSession {
    // MARK: As a frame

    /// This process shows a frame. It ends with the page around it.
    func embed(_ record: Embedding, _ handles: [Handle]) {
        guard embedding == nil, let handle = handles.first else { for h in handles { h.close() }; return }
        for h in handles.dropFirst() { h.close() }
        let channel = Channel(handle)
        embedding = EmbeddingLink(record, Outbox(channel))
        Reactor.main.onMessage(channel, closed: { System.exit(0) }) { [unowned(unsafe) self] message in
            for h in message.handles { h.close() }
            if let command = TabCommand.parse(message.bytes) { performOfParent(command) }
        }
    }
    /// The page around it shows, hides and passes input on; where the frame goes is the browser's to say.
    private func performOfParent(_ command: TabCommand) {
        switch command {
        case .show, .hide, .pointer, .key, .find, .focus: perform(command)
        case .blob(.clipboard, let isLast, let part):
            if let whole = embedding?.blobs.add(.clipboard, isLast: isLast, part) { Clipboard.text = TextPainter.scalars(String(decoding: whole, as: UTF8.self)) }
        default: break
        }
    }
    func takeFocus(_ how: FrameFocus) {
        guard let page, page.canPaint else { return }
        switch how {
        case .lost: page.interaction.focus(.none, visible: false)
        case .byPointer: break
        case .forwards, .backwards: page.interaction.enterByKey(backwards: how == .backwards)
        }
    }

    // MARK: As the page around frames

    func receive(_ number: UInt32, _ news: FrameNews, _ handles: [Handle]) {
        guard let page else { for h in handles { h.close() }; return }
        page.frames.receive(number, news, handles)
    }

    func connect(_ frames: PageFrames) {
        frames.report = { [unowned(unsafe) self] in report($0) }
        frames.reportDocument = { [unowned(unsafe) self] in report(.frameDocument, $0) }
        frames.onDamage = { [unowned(unsafe) self] part in if !part.isEmpty { schedulePaint(part) } }
        frames.onFound = { [unowned(unsafe) self] in foundInFrame($0) }
        frames.onUnused = { [unowned(unsafe) self] frame, input in goOn(frame, input) }
    }

    private func goOn(_ frame: PageFrame, _ input: UnusedInput) {
        switch input {
        case .wheel(let notches): wheelScroll(notches)
        case .key(let code, let modifiers): scrollKey(code, KeyModifiers(rawValue: modifiers))
        case .focus(let backwards): if page?.interaction.focused == frame.node { page?.interaction.moveFocus(backwards: backwards) }
        }
    }

    /// True when the event is a frame's. Coordinates are the viewport's in device pixels; a frame gets its own.
    func pointerToFrame(_ page: Page, _ action: PointerAction, _ x: Int32, _ y: Int32, _ button: UInt8, _ wheel: Int32, _ modifiers: KeyModifiers, _ clicks: UInt8) -> Bool {
        let frames = page.frames, interaction = page.interaction
        if frames.list.isEmpty { return false }
        let cssX = x * 100 / zoomPercent, cssY = y * 100 / zoomPercent
        var target = frames.captured
        if target == nil, action != .leave, !interaction.isBusy { target = frames.frame(at: cssX, cssY, hit: interaction.element(at: cssX, cssY)) }
        if frames.captured == nil { frames.hover(target) }
        guard let target else { return false }
        if action == .move, frames.captured == nil { interaction.pointerMoved(cssX, cssY) }
        if let note = target.note {
            if action == .up, button == 0, note.isRetry(cssX - target.area.x, cssY - target.area.y) { frames.retry(target) }
            return action != .wheel
        }
        if action == .down {
            frames.captured = target
            interaction.clearSelection()
            interaction.focus(target.node, visible: false)
        }
        if action == .up { frames.captured = nil }
        if action == .wheel { target.wheelCredit = min(1000, target.wheelCredit + abs(max(-100, min(100, wheel)))) }
        let corner = target.area.scaled(percent: zoomPercent)
        target.send(.pointer(action: action, x: x - corner.x, y: y - corner.y, button: button, wheel: wheel, modifiers: modifiers.rawValue, clickCount: clicks))
        return true
    }

    /// True when the focus is in a frame, which gets the key.
    func keyToFrame(_ page: Page, _ code: UInt16, _ modifiers: KeyModifiers, _ character: UInt32) -> Bool {
        guard let frame = page.frames.frame(of: page.interaction.focused), frame.isLive else { return false }
        if (modifiers.contains(.control) && code == Key.v) || (modifiers.contains(.shift) && code == Key.insert) {
            for part in BlobAssembler.parts(Array(TextPainter.string(Clipboard.text).utf8)) { frame.send(.blob(.clipboard, isLast: part.isLast, part.bytes)) }
        }
        frame.keyCredit = min(64, frame.keyCredit + 1)
        frame.send(.key(code: code, modifiers: modifiers.rawValue, character: character))
        return true
    }
    func focusMoved(_ old: NodeID, _ new: NodeID, _ how: FrameFocus) {
        guard let frames = page?.frames, !frames.list.isEmpty else { return }
        if let frame = frames.frame(of: old) { frame.send(.focus(.lost)) }
        if let frame = frames.frame(of: new) { frame.send(.focus(how)) }
    }
}
