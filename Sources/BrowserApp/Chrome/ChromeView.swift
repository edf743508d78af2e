// How the browser's own part of the window looks and where its parts are: tab strip, toolbar, address field. Pure:
// from the model to a display list, and from a point to the part under it.

import Graphics
import TabProtocol
import Toolkit
import WebNet

/// A part of the browser's chrome.
enum ChromePart: Equatable {
    case tab(UInt32), closeTab(UInt32), newTab
    case back, forward, reload, address
    case star, bookmark(Int)
    case findField, findPrevious, findNext, findClose
    case noticeAction, noticeClose
    case content
    case reloadCrashed
    case none
}

/// Geometry of the chrome for a window of `width` × `height` pixels.
struct ChromeLayout {
    static let stripHeight: Int32 = 34
    static let toolbarHeight: Int32 = 40
    static let findHeight: Int32 = 36
    static let bookmarksHeight: Int32 = 28
    static let statusHeight: Int32 = 22
    let width: Int32, height: Int32
    let tabIDs: [UInt32]
    var activeIndex = 0
    var hasFindBar = false
    var hasNotice = false
    /// Widths of the bookmarks bar's entries; nil while it is hidden.
    var bookmarkWidths: [Int32]?

    var contentRect: Rect {
        let top = findRect.maxY
        return Rect(0, top, width, max(1, height - top - ChromeLayout.statusHeight))
    }
    var bookmarksRect: Rect { Rect(0, ChromeLayout.stripHeight + ChromeLayout.toolbarHeight, width, bookmarkWidths == nil ? 0 : ChromeLayout.bookmarksHeight) }
    /// Place of a bookmark in its bar; empty when it does not fit.
    func bookmarkRect(_ index: Int) -> Rect {
        guard let widths = bookmarkWidths, index < widths.count else { return .zero }
        var x: Int32 = 8
        for i in 0..<index { x += widths[i] + 4 }
        return x + widths[index] <= width - 4 ? Rect(x, bookmarksRect.y + 2, widths[index], 24) : .zero
    }
    /// The find row; empty while it is closed.
    var findRect: Rect { Rect(0, noticeRect.maxY, width, hasFindBar ? ChromeLayout.findHeight : 0) }
    var findFieldRect: Rect { Rect(8, findRect.y + 4, min(320, max(60, width - 200)), 28) }
    var findPreviousRect: Rect { Rect(findFieldRect.maxX + 6, findRect.y + 6, 24, 24) }
    var findNextRect: Rect { Rect(findPreviousRect.maxX + 2, findRect.y + 6, 24, 24) }
    var findCloseRect: Rect { Rect(width - 32, findRect.y + 6, 24, 24) }
    var statusRect: Rect { Rect(0, height - ChromeLayout.statusHeight, width, ChromeLayout.statusHeight) }
    static let tabWidthMin: Int32 = 28
    var tabWidth: Int32 { max(ChromeLayout.tabWidthMin, min(200, (width - 48) / Int32(max(1, tabIDs.count)))) }
    /// Where even the narrowest tabs do not fit, the strip shows those around the active one.
    var shownTabs: Range<Int> {
        let room = max(1, Int((width - 48) / ChromeLayout.tabWidthMin))
        if tabIDs.count <= room { return 0..<tabIDs.count }
        let first = max(0, min(activeIndex - room / 2, tabIDs.count - room))
        return first..<(first + room)
    }
    /// Empty for a tab that is not shown.
    func tabRect(_ index: Int) -> Rect {
        let shown = shownTabs
        if !shown.contains(index) { return .zero }
        return Rect(8 + Int32(index - shown.lowerBound) * tabWidth, 5, tabWidth - 2, ChromeLayout.stripHeight - 5)
    }
    func closeRect(_ index: Int) -> Rect {
        let t = tabRect(index)
        return t.width < 60 ? .zero : Rect(t.maxX - 22, t.y + 6, 16, 16)
    }
    var newTabRect: Rect { Rect(min(width - 34, 12 + Int32(shownTabs.count) * tabWidth), 7, 24, 24) }
    private func button(_ index: Int32) -> Rect { Rect(8 + index * 34, ChromeLayout.stripHeight + 5, 30, 30) }
    var backRect: Rect { button(0) }
    var forwardRect: Rect { button(1) }
    var reloadRect: Rect { button(2) }
    var addressRect: Rect { Rect(116, ChromeLayout.stripHeight + 5, max(40, width - 162), 30) }
    var starRect: Rect { Rect(width - 40, ChromeLayout.stripHeight + 5, 30, 30) }
    var crashedButtonRect: Rect {
        let c = contentRect
        return Rect(c.x + c.width / 2 - 60, c.y + c.height / 2 + 34, 120, 34)
    }

    func part(at x: Int32, _ y: Int32, isCrashed: Bool) -> ChromePart {
        if y < ChromeLayout.stripHeight {
            for i in 0..<tabIDs.count where tabRect(i).contains(x, y) {
                return closeRect(i).contains(x, y) ? .closeTab(tabIDs[i]) : .tab(tabIDs[i])
            }
            return newTabRect.contains(x, y) ? .newTab : .none
        }
        if y < ChromeLayout.stripHeight + ChromeLayout.toolbarHeight {
            if backRect.contains(x, y) { return .back }
            if forwardRect.contains(x, y) { return .forward }
            if reloadRect.contains(x, y) { return .reload }
            if starRect.contains(x, y) { return .star }
            return addressRect.contains(x, y) ? .address : .none
        }
        if bookmarksRect.contains(x, y) {
            for i in 0..<(bookmarkWidths?.count ?? 0) where bookmarkRect(i).contains(x, y) { return .bookmark(i) }
            return .none
        }
        if noticeRect.contains(x, y) {
            if noticeCloseRect.contains(x, y) { return .noticeClose }
            return noticeActionRect.contains(x, y) ? .noticeAction : .none
        }
        if findRect.contains(x, y) {
            if findPreviousRect.contains(x, y) { return .findPrevious }
            if findNextRect.contains(x, y) { return .findNext }
            if findCloseRect.contains(x, y) { return .findClose }
            return findFieldRect.contains(x, y) ? .findField : .none
        }
        if statusRect.contains(x, y) { return .none }
        if isCrashed { return crashedButtonRect.contains(x, y) ? .reloadCrashed : .none }
        return .content
    }
}

/// The chrome's text styles.
struct ChromeText {
    let tab: TextPainter, letter: TextPainter, symbol: TextPainter, title: TextPainter, note: TextPainter, small: TextPainter, button: TextPainter

    init(fonts: FontLibrary) {
        tab = TextPainter(fonts: fonts, pixels: 13)
        letter = TextPainter(fonts: fonts, pixels: 11, bold: true)
        symbol = TextPainter(fonts: fonts, pixels: 19)
        title = TextPainter(fonts: fonts, pixels: 24, bold: true)
        note = TextPainter(fonts: fonts, pixels: 15)
        small = TextPainter(fonts: fonts, pixels: 13)
        button = TextPainter(fonts: fonts, pixels: 15, bold: true)
    }
}

/// Colours of the chrome.
enum ChromeTheme {
    static let strip = Color(rgb: 0xDDE3E8)
    static let activeTab = Color(rgb: 0xFFFFFF)
    static let idleTab = Color(rgb: 0xCBD3DA)
    static let sleepingText = Color(rgb: 0x7B8794)
    static let text = Color(rgb: 0x1F2933)
    static let faint = Color(rgb: 0x616E7C)
    static let line = Color(rgb: 0xCBD2D9)
    static let field = Color(rgb: 0xF0F3F6)
    static let accent = Color(rgb: 0x2F6F4F)
    static let disabled = Color(rgb: 0xB8C1CA)
    static let letters = [Color(rgb: 0x2F6F4F), Color(rgb: 0x2F5D8A), Color(rgb: 0x8A4B2F), Color(rgb: 0x6B4E8A), Color(rgb: 0x9A7B1F), Color(rgb: 0x8A2F4B)]
}

/// Draws the chrome.
struct ChromeView {
    let text: ChromeText

    func displayList(_ strip: TabStrip, _ layout: ChromeLayout, isBookmarked: Bool = false, bookmarks: [Bookmark] = []) -> DisplayList {
        var list = DisplayList()
        list.append(.fill(Rect(0, 0, layout.width, ChromeLayout.stripHeight), ChromeTheme.strip))
        for (i, tab) in strip.tabs.enumerated() where layout.shownTabs.contains(i) { drawTab(tab, i, isActive: i == strip.activeIndex, layout, &list) }
        drawPlus(layout.newTabRect, &list)
        list.append(.fill(Rect(0, ChromeLayout.stripHeight, layout.width, ChromeLayout.toolbarHeight), ChromeTheme.activeTab))
        if let active = strip.active { drawToolbar(active, layout, &list) }
        text.symbol.draw(isBookmarked ? "\u{2605}" : "\u{2606}", into: &list, x: layout.starRect.x + 6, baseline: layout.starRect.y + 22, color: isBookmarked ? ChromeTheme.accent : ChromeTheme.faint)
        drawBookmarks(bookmarks, layout, &list)
        list.append(.fill(Rect(0, layout.contentRect.y - 1, layout.width, 1), ChromeTheme.line))
        return list
    }

    private func drawTab(_ tab: TabModel, _ index: Int, isActive: Bool, _ layout: ChromeLayout, _ list: inout DisplayList) {
        let r = layout.tabRect(index)
        list.append(.roundedFill(Rect(r.x, r.y, r.width, r.height + 6), radius: 6, isActive ? ChromeTheme.activeTab : ChromeTheme.idleTab))
        if tab.isPinned { list.append(.fill(Rect(r.x + 6, r.y, max(2, r.width - 12), 2), ChromeTheme.accent)) }
        let name = tab.title.isEmpty ? (tab.url == "about:start" ? "Start" : tab.url) : tab.title
        let close = layout.closeRect(index)
        let textEnd = close.isEmpty ? r.maxX - 6 : close.x - 4
        let isAsleep = tab.condition == .discarded || tab.condition == .crashed || tab.condition == .unresponsive
        var x = r.x + 10
        // Too narrow for a word: only what stands for the site, in the middle.
        let isIconOnly = r.width < 56
        if isIconOnly { x = r.x + (r.width - 16) / 2 + 3 }
        if tab.load == .loading {
            list.append(.roundedFill(Rect(isIconOnly ? x + 1 : x, r.y + 11, 8, 8), radius: 4, ChromeTheme.accent))
            x += 13
        } else if tab.icon.count == TabIcon.pixelCount {
            let side = Int32(TabIcon.side), bitmap = Bitmap(width: TabIcon.side, height: TabIcon.side, pixels: tab.icon)
            list.append(.image(bitmap, source: Rect(0, 0, side, side), destination: Rect(x - 3, r.y + 7, side, side)))
            x += side + 1
        } else {
            drawLetter(tab.url, tab.title, x - 3, r.y + 7, &list)
            x += 18
        }
        if isIconOnly { return }
        text.tab.draw(name, into: &list, x: x, baseline: r.y + 19, color: isAsleep ? ChromeTheme.sleepingText : ChromeTheme.text, maxWidth: max(1, textEnd - x))
        if !close.isEmpty { drawCross(close, &list) }
    }
    /// Width of an entry of the bookmarks bar.
    func bookmarkWidth(_ b: Bookmark) -> Int32 { min(180, text.small.width(b.title) + 36) }
    private func drawBookmarks(_ bookmarks: [Bookmark], _ layout: ChromeLayout, _ list: inout DisplayList) {
        if layout.bookmarksRect.isEmpty { return }
        list.append(.fill(layout.bookmarksRect, ChromeTheme.activeTab))
        if bookmarks.isEmpty { text.small.draw("Ctrl+D keeps a page here", into: &list, x: 12, baseline: layout.bookmarksRect.y + 18, color: ChromeTheme.faint) }
        for (i, b) in bookmarks.enumerated() {
            let r = layout.bookmarkRect(i)
            if r.isEmpty { continue }
            drawLetter(b.url, b.title, r.x + 4, r.y + 4, &list)
            text.small.draw(b.title, into: &list, x: r.x + 26, baseline: r.y + 17, color: ChromeTheme.text, maxWidth: max(1, r.width - 30))
        }
    }
    /// The letter that stands for a site: first of its host, else of its title, on a colour of its own (TAB-011).
    private func drawLetter(_ url: String, _ title: String, _ x: Int32, _ y: Int32, _ list: inout DisplayList) {
        let site = ChromeView.site(url)
        var hash: UInt32 = 2166136261
        for b in site.utf8 { hash = (hash ^ UInt32(b)) &* 16777619 }
        let letter = String((site.isEmpty ? title : site).prefix(1)).uppercased()
        list.append(.roundedFill(Rect(x, y, 16, 16), radius: 4, ChromeTheme.letters[Int(hash % UInt32(ChromeTheme.letters.count))]))
        let width = text.letter.width(letter)
        text.letter.draw(letter, into: &list, x: x + (16 - width) / 2, baseline: y + 12, color: .white)
    }
    /// The host without `www.`, or the name of a page without one.
    static func site(_ url: String) -> String {
        guard let u = URL(url) else { return url }
        let host = u.host ?? ""
        if host.isEmpty { return u.scheme == "about" ? u.path : u.scheme }
        return host.hasPrefix("www.") ? String(host.dropFirst(4)) : host
    }
    func drawCross(_ r: Rect, _ list: inout DisplayList) {
        list.append(.line(x0: r.x + 4, y0: r.y + 4, x1: r.x + 11, y1: r.y + 11, thickness: 2, ChromeTheme.faint))
        list.append(.line(x0: r.x + 11, y0: r.y + 4, x1: r.x + 4, y1: r.y + 11, thickness: 2, ChromeTheme.faint))
    }
    private func drawPlus(_ r: Rect, _ list: inout DisplayList) {
        list.append(.fill(Rect(r.x + 6, r.y + 11, 12, 2), ChromeTheme.faint))
        list.append(.fill(Rect(r.x + 11, r.y + 6, 2, 12), ChromeTheme.faint))
    }
    private func drawToolbar(_ tab: TabModel, _ layout: ChromeLayout, _ list: inout DisplayList) {
        drawArrow(layout.backRect, pointsLeft: true, isEnabled: tab.canGoBack, &list)
        drawArrow(layout.forwardRect, pointsLeft: false, isEnabled: tab.canGoForward, &list)
        drawReload(layout.reloadRect, isLoading: tab.load == .loading, &list)
    }
    private func drawArrow(_ r: Rect, pointsLeft: Bool, isEnabled: Bool, _ list: inout DisplayList) {
        let color = isEnabled ? ChromeTheme.text : ChromeTheme.disabled
        let cy = r.y + 15
        let tip = pointsLeft ? r.x + 8 : r.x + 22, wing = pointsLeft ? r.x + 14 : r.x + 16
        list.append(.line(x0: r.x + 8, y0: cy, x1: r.x + 22, y1: cy, thickness: 2, color))
        list.append(.line(x0: tip, y0: cy, x1: wing, y1: cy - 6, thickness: 2, color))
        list.append(.line(x0: tip, y0: cy, x1: wing, y1: cy + 6, thickness: 2, color))
    }
    private func drawReload(_ r: Rect, isLoading: Bool, _ list: inout DisplayList) {
        if isLoading {
            list.append(.line(x0: r.x + 10, y0: r.y + 10, x1: r.x + 20, y1: r.y + 20, thickness: 2, ChromeTheme.text))
            list.append(.line(x0: r.x + 20, y0: r.y + 10, x1: r.x + 10, y1: r.y + 20, thickness: 2, ChromeTheme.text))
            return
        }
        text.symbol.draw("\u{21BB}", into: &list, x: r.x + 7, baseline: r.y + 22, color: ChromeTheme.text)
    }

    /// The row at the bottom: where the link under the pointer leads, else what goes on.
    func drawStatus(_ line: String, _ layout: ChromeLayout, _ list: inout DisplayList) {
        let r = layout.statusRect
        list.append(.fill(r, ChromeTheme.field))
        list.append(.fill(Rect(r.x, r.y, r.width, 1), ChromeTheme.line))
        text.small.draw(line, into: &list, x: r.x + 8, baseline: r.y + 16, color: ChromeTheme.faint, maxWidth: max(1, r.width - 16))
    }

    /// What stands in the content area when the active tab's process is gone.
    func failurePage(_ tab: TabModel, _ layout: ChromeLayout) -> DisplayList {
        var list = DisplayList()
        let c = layout.contentRect
        list.append(.fill(c, Color(rgb: 0xF5F1EE)))
        let title = tab.condition == .unresponsive ? "This page stopped answering" : "This tab's program stopped"
        let middle = c.y + c.height / 2
        center(title, text.title, baseline: middle - 40, ChromeTheme.text, c, &list)
        center(tab.failure, text.note, baseline: middle - 8, ChromeTheme.faint, c, &list)
        center(tab.url, text.small, baseline: middle + 14, ChromeTheme.faint, c, &list)
        let b = layout.crashedButtonRect
        list.append(.roundedFill(b, radius: 6, ChromeTheme.accent))
        center("Reload", text.button, baseline: b.y + 22, .white, b, &list)
        return list
    }
    private func center(_ line: String, _ painter: TextPainter, baseline: Int32, _ color: Color, _ r: Rect, _ list: inout DisplayList) {
        let width = min(r.width - 20, painter.width(line))
        painter.draw(line, into: &list, x: r.x + (r.width - width) / 2, baseline: baseline, color: color, maxWidth: r.width - 20)
    }
}
