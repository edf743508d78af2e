// Entry of the program "tab". The process that `start` runs in is the zygote: fonts mapped, glyphs and the style sheet
// of the user agent warm, because it has painted the start page. Every tab is a clone of it.

import ABI
import DOM
import Graphics
import Layout
import Runtime
import TabProtocol
import Toolkit
import WebNet

nonisolated(unsafe) private var warm: (fonts: FontLibrary, rasteriser: Rasteriser)?
nonisolated(unsafe) private var session: TabSession?
nonisolated(unsafe) private var zygoteOutbox: Outbox?

/// Makes the zygote warm and says so on the bootstrap channel.
public func tabStart(_ bootstrap: Int32) {
    let fonts = FontLibrary.loadFromArchive()
    let rasteriser = Rasteriser(fonts: fonts)
    warm = (fonts, rasteriser)
    warmUp(fonts, rasteriser)
    Heap.trim()
    let channel = Channel(Handle(UInt32(bitPattern: bootstrap)))
    Reactor.main.onMessage(channel, closed: { System.exit(0) }) { _ in }
    let outbox = Outbox(channel)
    outbox.send(TabReport.ready.emit())
    zygoteOutbox = outbox
}

/// Loads and paints the start page once, for what stays: shared by all clones until they write to it.
private func warmUp(_ fonts: FontLibrary, _ rasteriser: Rasteriser) {
    let width: Int32 = 960, height: Int32 = 600
    guard let url = URL("about:start"), let html = AboutPages.html("start") else { return }
    let page = Page(url: url, flavour: .html, http: nil, fonts: fonts)
    _ = page.feed(Array(html.utf8))
    page.finish()
    page.update(width: width, height: height)
    var pixels = [UInt32](repeating: 0, count: Int(width * height))
    pixels.withUnsafeMutableBufferPointer { p in
        let surface = Surface(base: p.baseAddress!, width: Int(width), height: Int(height), strideWords: Int(width))
        rasteriser.draw(page.view.displayList(scrollX: 0, scrollY: 0), into: surface)
    }
}

/// The first code that a clone runs: its handles and subscriptions are new.
public func tabCloned(_ bootstrap: Int32) {
    Reactor.main.reset()
    zygoteOutbox = nil
    guard let warm else { System.exit(1); return }
    if let session {
        session.revive(Channel(Handle(UInt32(bitPattern: bootstrap))))
        return
    }
    session = TabSession(channel: Channel(Handle(UInt32(bitPattern: bootstrap))), fonts: warm.fonts, rasteriser: warm.rasteriser)
}

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { tabStart(bootstrap) }

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }

@_expose(wasm, "cloned") @_cdecl("cloned")
public func cloned(_ bootstrap: Int32) { tabCloned(bootstrap) }
#endif
