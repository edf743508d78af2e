import Testing
import TabProtocol
@testable import ChromeApp

@Suite struct TabStripTests {
    @Test func opensBesideTheActiveTabAndClosesToTheRight() {
        var strip = TabStrip()
        let a = strip.open(url: "a", afterActive: false)!
        strip.activate(id: a)
        let b = strip.open(url: "b", afterActive: false)!
        let c = strip.open(url: "c", afterActive: true)!
        #expect(strip.tabs.map { $0.id } == [a, c, b])
        #expect(strip.active?.id == a)
        strip.activate(id: c)
        strip.close(id: c)
        #expect(strip.tabs.map { $0.id } == [a, b])
        #expect(strip.tabs.indices.contains(strip.activeIndex))
        strip.close(id: a)
        strip.close(id: b)
        #expect(strip.active == nil)
    }

    @Test func historyCutsItsForwardPartOff() {
        var strip = TabStrip()
        let id = strip.open(url: "1", afterActive: false)!
        strip.update(id) { $0.arrived(at: "2", isNew: true); $0.arrived(at: "3", isNew: true) }
        var entry: HistoryEntry?
        strip.update(id) { entry = $0.traverse(-1) }
        #expect(entry?.url == "2")
        strip.update(id) { $0.arrived(at: "2", isNew: true) }       // the report of the traversal itself
        #expect(strip.tab(id)!.canGoForward)
        strip.update(id) { $0.arrived(at: "4", isNew: true) }
        #expect(strip.tab(id)!.history.map { $0.url } == ["1", "2", "4"])
        strip.update(id) { entry = $0.traverse(1) }
        #expect(entry == nil)
    }

    @Test func controlStateIsKeptWithThePageItBelongsTo() {
        var strip = TabStrip()
        let id = strip.open(url: "1", afterActive: false)!
        strip.update(id) { $0.arrived(at: "2", isNew: true); $0.arrived(at: "1", isNew: true) }
        var entry: HistoryEntry?
        strip.update(id) { entry = $0.traverse(-1); $0.keep(formState: [1], of: "1") }
        #expect(entry?.url == "2")
        let kept = strip.tab(id)!.history.map { $0.formState }
        #expect(kept[1] == [] && (kept[0] == [1]) != (kept[2] == [1]), "one of the entries of that page")
        strip.update(id) { $0.keep(formState: [9], of: "elsewhere") }
        #expect(strip.tab(id)!.history.map { $0.formState } == kept)
    }

    @Test func tabsMoveAndComeBack() {
        var strip = TabStrip()
        let a = strip.open(url: "a", afterActive: false)!, b = strip.open(url: "b", afterActive: false)!, c = strip.open(url: "c", afterActive: false)!
        strip.activate(id: b)
        strip.move(id: a, to: 2)
        #expect(strip.tabs.map { $0.id } == [b, c, a] && strip.active?.id == b)
        strip.move(id: b, to: 1)
        #expect(strip.tabs.map { $0.id } == [c, b, a] && strip.active?.id == b)
        strip.move(id: b, to: 9)
        #expect(strip.tabs.map { $0.id } == [c, b, a])
        strip.update(a) { $0.arrived(at: "a2", isNew: true) }
        let closed = strip.tab(a)!
        strip.close(id: a)
        let again = strip.reopen(closed)!
        #expect(again != a && strip.tab(again)!.history.map { $0.url } == ["a", "a2"] && strip.tab(again)!.canGoBack)
    }

    @Test func theNumberOfTabsIsBounded() {
        var strip = TabStrip()
        for _ in 0..<TabStrip.tabsMax { #expect(strip.open(url: "x", afterActive: false) != nil) }
        #expect(strip.open(url: "x", afterActive: false) == nil)
    }

    @Test(arguments: [
        ("example.org", "http://example.org"), ("10.0.2.2:8000/x", "http://10.0.2.2:8000/x"), ("localhost:80", "http://localhost:80"),
        ("http://a/b", "http://a/b"), ("about:start", "about:start"), ("  data:text/html,<h1>x</h1> ", "data:text/html,<h1>x</h1>"),
        ("view-source:about:start", "view-source:about:start"), ("localhost", "http://localhost"), ("localhost/x", "http://localhost/x"),
        ("swift language", "http://lite.duckduckgo.com/lite/?q=swift+language"), ("weather", "http://lite.duckduckgo.com/lite/?q=weather"), ("1+1=2?", "http://lite.duckduckgo.com/lite/?q=1%2B1%3D2%3F"),
    ])
    func typedAddresses(_ pair: (String, String)) { #expect(Browser.addressToURL(pair.0) == pair.1) }

    @Test func nothingTypedIsNoAddress() { #expect(Browser.addressToURL("   ") == nil) }

    @Test func theStripShowsTheActiveTabHoweverManyThereAre() {
        for count in [1, 20, 34, 35, 64] {
            for active in [0, count / 2, count - 1] {
                let layout = ChromeLayout(width: 1000, height: 600, tabIDs: Array(1...UInt32(count)), activeIndex: active)
                let shown = layout.shownTabs.map { layout.tabRect($0) }
                #expect(!layout.tabRect(active).isEmpty && shown.allSatisfy { $0.x >= 8 && $0.maxX <= layout.newTabRect.x }, "\(count) tabs")
                #expect(layout.newTabRect.maxX <= 1000 && zip(shown, shown.dropFirst()).allSatisfy { $0.maxX <= $1.x })
                let r = layout.tabRect(active)
                #expect(layout.part(at: r.x + 4, r.y + 9, isCrashed: false) == .tab(UInt32(active + 1)))
            }
        }
    }
    @Test func theNoticeLiesBetweenToolbarAndPage() {
        let layout = ChromeLayout(width: 900, height: 600, tabIDs: [1], hasFindBar: true, hasNotice: true)
        #expect(layout.noticeRect.maxY == layout.findRect.y && layout.findRect.maxY == layout.contentRect.y)
        let a = layout.noticeActionRect, c = layout.noticeCloseRect
        #expect(layout.part(at: a.x + 5, a.y + 5, isCrashed: false) == .noticeAction && layout.part(at: c.x + 5, c.y + 5, isCrashed: false) == .noticeClose)
        #expect(layout.part(at: 100, layout.noticeRect.y + 5, isCrashed: false) == .none)
        #expect(ChromeLayout(width: 900, height: 600, tabIDs: [1]).noticeRect.isEmpty)
    }

    @Test func everyPartOfTheChromeIsWhereItIsDrawn() {
        let layout = ChromeLayout(width: 900, height: 600, tabIDs: [4, 9])
        func center(_ r: (Int32, Int32, Int32, Int32)) -> (Int32, Int32) { (r.0 + r.2 / 2, r.1 + r.3 / 2) }
        let t = layout.tabRect(1)
        #expect(layout.part(at: t.x + 20, t.y + 8, isCrashed: false) == .tab(9))
        let c = layout.closeRect(0)
        #expect(layout.part(at: c.x + 3, c.y + 3, isCrashed: false) == .closeTab(4))
        #expect(layout.part(at: layout.backRect.x + 5, layout.backRect.y + 5, isCrashed: false) == .back)
        #expect(layout.part(at: layout.addressRect.x + 50, layout.addressRect.y + 5, isCrashed: false) == .address)
        #expect(layout.part(at: 400, 400, isCrashed: false) == .content)
        #expect(layout.part(at: 5, 590, isCrashed: true) == .none)
    }
}

@Suite struct TabProtocolTests {
    @Test func everyMessageSurvivesTheWire() {
        let commands: [TabCommand] = [
            .navigate(url: "http://x/é", scrollY: 77), .reload, .stop, .show(width: 9, height: 8), .hide,
            .pointer(action: .wheel, x: -4, y: 5, button: 1, wheel: -3, modifiers: 2, clickCount: 3), .key(code: 30, modifiers: 2, character: 97), .ping(12),
            .blob(.formState, isLast: false, [1, 2, 3]), .preferences(zoomPercent: 125, imageMode: 2), .find(step: -1, text: "é"),
        ]
        for command in commands { #expect(TabCommand.parse(command.emit())?.emit() == command.emit()) }
        let reports: [TabReport] = [
            .surface(width: 3, height: 4), .frame(x: 1, y: 2, width: 3, height: 4, isContent: true), .title("t"),
            .location(url: "u", isNew: true), .load(.failed), .open(url: "v", inNewTab: true), .scroll(y: 1, contentHeight: 2),
            .hover(url: "h", shape: .hand), .pong(3), .ready, .blob(.clipboard, isLast: true, []), .found(current: 3, count: 17, hasWrapped: true), .download(number: 1, state: 1, received: 1 << 40, total: 0, path: "/a/b"),
        ]
        for report in reports { #expect(TabReport.parse(report.emit())?.emit() == report.emit()) }
    }
    @Test func truncatedMessagesAreRefused() {
        let whole = TabReport.frame(x: 1, y: 2, width: 3, height: 4, isContent: true).emit()
        for n in 0..<whole.count { #expect(TabReport.parse(Array(whole[..<n])) == nil) }
        #expect(TabCommand.parse([]) == nil && TabCommand.parse([99]) == nil)
    }
    @Test func longThingsTravelInParts() {
        for count in [0, 1, BlobAssembler.partByteCountMax, BlobAssembler.partByteCountMax + 1, 50_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            var assembler = BlobAssembler(), wholes: [[UInt8]] = []
            for part in BlobAssembler.parts(bytes) {
                #expect(part.bytes.count + 64 < 4096)
                if let whole = assembler.add(.clipboard, isLast: part.isLast, part.bytes) { wholes.append(whole) }
            }
            #expect(wholes == [bytes])
        }
        var assembler = BlobAssembler()
        for _ in 0..<400 { #expect(assembler.add(.clipboard, isLast: false, [UInt8](repeating: 1, count: 4000)) == nil) }
        #expect(assembler.add(.clipboard, isLast: true, [1]) == nil, "too long: dropped whole")
        #expect(assembler.add(.formState, isLast: true, [2]) == [2])
    }
    @Test func longTitlesAreCutOnACharacterBoundary() {
        let long = String(repeating: "é", count: 2000)
        guard case .title(let t)? = TabReport.parse(TabReport.title(long).emit()) else { Issue.record("no title"); return }
        #expect(t.utf8.count == 512 && t.allSatisfy { $0 == "é" })
    }

    @Test func pinnedTabsStandFirstInTheOrderOfPinning() {
        var strip = TabStrip()
        let ids = (0..<5).map { _ in strip.open(url: "x", afterActive: false)! }
        strip.activate(id: ids[2])
        strip.togglePin(ids[2])
        strip.togglePin(ids[4])
        #expect(strip.tabs.map(\.id) == [ids[2], ids[4], ids[0], ids[1], ids[3]] && strip.active?.id == ids[2])
        strip.togglePin(ids[2])
        #expect(strip.tabs.map(\.id) == [ids[4], ids[2], ids[0], ids[1], ids[3]] && strip.tabs.map(\.isPinned) == [true, false, false, false, false])
        strip.togglePin(99)
        #expect(strip.tabs.count == 5 && strip.active?.id == ids[2])
    }
}
