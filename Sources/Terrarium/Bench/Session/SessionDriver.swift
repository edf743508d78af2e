// From what a person wants to what the hands do: steps become lines of an input script, and these host events. The driver
// keeps a model of the tab strip (the browser's `TabStrip` rules) to know where a tab stands, and the geometry of the
// maximised browser window. Invariant: the result depends on steps and screen size alone.

import Foundation

/// Where things are on the screen of the desktop with a maximised browser window.
struct BrowserGeometry {
    let width: Int, height: Int
    /// Rows from the top of the screen to the window's content: menu bar and title bar.
    static let contentTop = 54
    /// Middle of a tab in the strip.
    static let stripMiddle = contentTop + 18
    /// `ChromeLayout.tabWidth`.
    static let tabWidthMin = 28, tabWidthMax = 200

    func tabWidth(_ count: Int) -> Int { max(Self.tabWidthMin, min(Self.tabWidthMax, (width - 48) / max(1, count))) }
    /// Where even the narrowest tabs do not fit, the strip shows those around the active one (`ChromeLayout.shownTabs`).
    func shownTabs(_ count: Int, active: Int) -> Range<Int> {
        let room = max(1, (width - 48) / Self.tabWidthMin)
        if count <= room { return 0..<count }
        let first = max(0, min(active - room / 2, count - room))
        return first..<(first + room)
    }
    /// A point on the tab at `position` among those shown that is not its close button.
    func tab(_ position: Int, of count: Int) -> (x: Int, y: Int) {
        let w = tabWidth(count)
        return (8 + position * w + min(w / 2, 40), Self.stripMiddle)
    }
    /// Where the wheel turns: over the page.
    var page: (x: Int, y: Int) { (width / 2, height * 2 / 3) }
}

public struct DrivenSession: Sendable {
    public var events: [ScriptedEvent] = []
    /// The same as an input script.
    public var script = ""
    public var endNanoseconds: UInt64 = 0
    public var switchCount = 0, openCount = 0, followCount = 0
}

struct SessionDriver {
    /// `TabStrip.tabsMax` of the browser.
    static let tabsMax = 128
    private let geometry: BrowserGeometry
    private var now: UInt64
    private var result = DrivenSession()
    /// Tabs in the order of the strip, by the order of opening (1 is the first).
    private var strip = [1]
    private var active = 1
    private var pinned: [Int] = []
    private var lastOpened = 1

    init(width: Int, height: Int, from start: UInt64) {
        geometry = BrowserGeometry(width: width, height: height)
        now = start
    }

    /// Plays `steps`; the first tab is open. Throws the step that cannot be done.
    static func drive(_ steps: [SessionStep], width: Int, height: Int, from start: UInt64) throws(TerrariumError) -> DrivenSession {
        var driver = SessionDriver(width: width, height: height, from: start)
        for (i, step) in steps.enumerated() {
            do throws(TerrariumError) { try driver.play(step) } catch { throw TerrariumError(error.kind, "step \(i + 1): \(error.message)") }
        }
        driver.result.endNanoseconds = driver.now
        return driver.result
    }

    private mutating func play(_ step: SessionStep) throws(TerrariumError) {
        if let time = step.nanoseconds {
            guard time >= now else { throw TerrariumError(.badData, "it shall begin at \(time / 1_000_000) ms, but the steps before last until \(now / 1_000_000) ms") }
            now = time
        }
        switch step.action {
        case .open(let url): try open(url)
        case .navigate(let url):
            result.followCount += 1
            try emit("key ctrl+l")
            pause(200)
            try typeAddress(url)
        case .link(let n, let isInBackground):
            result.followCount += 1
            try focusStop(n)
            try emit(isInBackground ? "key ctrl+enter" : "key enter")
            if isInBackground {
                lastOpened += 1
                strip.insert(lastOpened, at: (strip.firstIndex(of: active) ?? strip.count - 1) + 1)
            }
        case .switchTo(let tab): try show(tab)
        case .back: try emit("key alt+left")
        case .scroll(let n):
            try pointAtPage()
            if n != 0 { try emit("wheel \(n)") }
        case .wiggle(let times):
            try pointAtPage()
            for _ in 0..<times {
                try emit("wheel -3")
                pause(250)
                try emit("wheel 3")
                pause(250)
            }
        case .type(let field, let text):
            try focusStop(field)
            try emit("type \(Self.quoted(text))")
        case .pin: try pin()
        case .close(let tab): try close(tab)
        case .wait(let nanoseconds): now += nanoseconds
        case .input(let line): try emit(line)
        }
    }

    // MARK: Tabs

    private mutating func open(_ url: String) throws(TerrariumError) {
        guard strip.count < Self.tabsMax else { throw TerrariumError(.badData, "the browser has \(Self.tabsMax) tabs at most") }
        result.openCount += 1
        try emit("key ctrl+t")
        lastOpened += 1
        strip.append(lastOpened)
        active = lastOpened
        pause(300)
        try typeAddress(url)
    }
    private mutating func typeAddress(_ url: String) throws(TerrariumError) {
        // People leave the scheme out.
        let text = url.hasPrefix("http://") ? String(url.dropFirst(7)) : url
        try emit("type \(Self.quoted(text + "\n"))")
    }
    private mutating func show(_ tab: Int) throws(TerrariumError) {
        if tab == active { return }
        guard let target = strip.firstIndex(of: tab) else { throw TerrariumError(.badData, "tab \(tab) is not open") }
        // A tab that the strip does not show is reached over the one at its edge.
        while !shown.contains(target) {
            let edge = target < shown.lowerBound ? shown.lowerBound : shown.upperBound - 1
            if strip[edge] == active { throw TerrariumError(.badData, "tab \(tab) cannot be reached: the window is too narrow") }
            try click(strip[edge])
            pause(400)
        }
        try click(tab)
    }
    /// The browser moves a pinned tab behind the other pinned ones, and an unpinned one before the rest.
    private mutating func pin() throws(TerrariumError) {
        try emit("key ctrl+shift+p")
        strip.removeAll { $0 == active }
        if pinned.contains(active) {
            pinned.removeAll { $0 == active }
            strip.insert(active, at: pinned.count)
        } else {
            strip.insert(active, at: pinned.count)
            pinned.append(active)
        }
    }
    private mutating func close(_ tab: Int?) throws(TerrariumError) {
        guard strip.count > 1 else { throw TerrariumError(.badData, "the last tab stays open") }
        let closing = tab ?? active
        if closing == active { try emit("key ctrl+w") } else {
            let p = try place(of: closing)
            try emit("middleclick \(p.x) \(p.y)")
        }
        let index = strip.firstIndex(of: closing) ?? 0
        strip.remove(at: index)
        pinned.removeAll { $0 == closing }
        if closing == active { active = strip[min(index, strip.count - 1)] }
    }
    private mutating func click(_ tab: Int) throws(TerrariumError) {
        let p = try place(of: tab)
        result.switchCount += 1
        try emit("click \(p.x) \(p.y)")
        active = tab
    }
    private var shown: Range<Int> { geometry.shownTabs(strip.count, active: strip.firstIndex(of: active) ?? 0) }
    private func place(of tab: Int) throws(TerrariumError) -> (x: Int, y: Int) {
        guard let index = strip.firstIndex(of: tab) else { throw TerrariumError(.badData, "tab \(tab) is not open") }
        guard shown.contains(index) else { throw TerrariumError(.badData, "tab \(tab) is not shown: \(strip.count) tabs do not fit into \(geometry.width) pixels; switch to it first") }
        return geometry.tab(index - shown.lowerBound, of: strip.count)
    }

    // MARK: Page

    private mutating func pointAtPage() throws(TerrariumError) {
        let p = geometry.page
        try emit("move \(p.x) \(p.y)")
    }
    /// Escape leaves whatever has the focus, so that counting begins at the first stop of the page.
    private mutating func focusStop(_ n: Int) throws(TerrariumError) {
        try emit("key esc")
        for _ in 0..<n { try emit("key tab") }
    }

    // MARK: Events

    private mutating func pause(_ milliseconds: UInt64) { now += milliseconds * 1_000_000 }

    private mutating func emit(_ line: String) throws(TerrariumError) {
        var gesture = Gesture(time: now, width: geometry.width, height: geometry.height)
        do {
            guard let words = try InputScript.tokens(line), !words.isEmpty else { throw GestureError(why: "a quoted text is not closed") }
            try gesture.perform(words[0], Array(words.dropFirst()))
        } catch { throw TerrariumError(.badData, "\((error as? GestureError)?.why ?? "\(error)"): \(line)") }
        result.events += gesture.events
        result.script += "\(now / 1_000_000)ms \(line)\n"
        now = gesture.time
    }
    static func quoted(_ text: String) -> String {
        "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n") + "\""
    }
}
