// The row under the toolbar in which the browser says what the user should know, or offers the tabs of the last run. One at a
// time; the next one comes when it is closed.

import Graphics
import Toolkit

enum Notice: Equatable, Sendable {
    case message(String)
    /// The tabs of the last run.
    case offer(count: Int, title: String)

    var isOffer: Bool { if case .offer = self { true } else { false } }
    var text: String {
        switch self {
        case .message(let text): text
        case .offer(let count, let title):
            count == 1 ? "Open the page of the last time again" + (title.isEmpty ? "?" : ": " + title + "?") : "Open the \(count) tabs of the last time again?"
        }
    }
    /// What the button says; nil without one.
    var action: String? { isOffer ? "Open" : nil }
}

extension ChromeLayout {
    static let noticeHeight: Int32 = 34
    /// Empty while there is nothing to say.
    var noticeRect: Rect { Rect(0, bookmarksRect.maxY, width, hasNotice ? ChromeLayout.noticeHeight : 0) }
    var noticeCloseRect: Rect { Rect(width - 32, noticeRect.y + 5, 24, 24) }
    var noticeActionRect: Rect { Rect(width - 116, noticeRect.y + 4, 76, 26) }
}

extension ChromeView {
    func drawNotice(_ notice: Notice, _ layout: ChromeLayout, _ list: inout DisplayList) {
        let r = layout.noticeRect
        list.append(.fill(r, Color(rgb: 0xFFF6D9)))
        list.append(.fill(Rect(r.x, r.maxY - 1, r.width, 1), Color(rgb: 0xE6D9A8)))
        let end = notice.action == nil ? layout.noticeCloseRect.x : layout.noticeActionRect.x
        text.tab.draw(notice.text, into: &list, x: 12, baseline: r.y + 21, color: ChromeTheme.text, maxWidth: max(1, end - 20))
        if let action = notice.action {
            let b = layout.noticeActionRect
            list.append(.roundedFill(b, radius: 5, ChromeTheme.accent))
            text.tab.draw(action, into: &list, x: b.x + (b.width - text.tab.width(action)) / 2, baseline: b.y + 18, color: .white)
        }
        let close = layout.noticeCloseRect
        drawCross(Rect(close.x + 4, close.y + 4, 16, 16), &list)
    }
}

extension Browser {
    func show(_ notice: Notice) {
        if notices.contains(notice) { return }
        if notice.isOffer { notices.append(notice) } else { notices.insert(notice, at: 0) }
        noticesChanged()
    }
    func closeNotice() {
        if notices.isEmpty { return }
        notices.removeFirst()
        noticesChanged()
    }
    func noticesChanged() {
        contentResized()
        chromeChanged()
    }
}
