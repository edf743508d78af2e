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

    @Test func theNumberOfTabsIsBounded() {
        var strip = TabStrip()
        for _ in 0..<TabStrip.tabsMax { #expect(strip.open(url: "x", afterActive: false) != nil) }
        #expect(strip.open(url: "x", afterActive: false) == nil)
    }

    @Test(arguments: [
        ("example.org", "http://example.org"), ("10.0.2.2:8000/x", "http://10.0.2.2:8000/x"), ("localhost:80", "http://localhost:80"),
        ("http://a/b", "http://a/b"), ("about:start", "about:start"), ("  data:text/html,<h1>x</h1> ", "data:text/html,<h1>x</h1>"),
        ("view-source:about:start", "view-source:about:start"),
    ])
    func typedAddresses(_ pair: (String, String)) { #expect(Browser.addressToURL(pair.0) == pair.1) }

    @Test func nothingTypedIsNoAddress() { #expect(Browser.addressToURL("   ") == nil) }

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
            .pointer(action: .wheel, x: -4, y: 5, button: 1, wheel: -3), .key(code: 30, modifiers: 2, character: 97), .ping(12),
        ]
        for command in commands { #expect(TabCommand.parse(command.emit())?.emit() == command.emit()) }
        let reports: [TabReport] = [
            .surface(width: 3, height: 4), .frame(x: 1, y: 2, width: 3, height: 4, isContent: true), .title("t"),
            .location(url: "u", isNew: true), .load(.failed), .open(url: "v", inNewTab: true), .scroll(y: 1, contentHeight: 2),
            .hover(url: "h", shape: .hand), .pong(3), .ready,
        ]
        for report in reports { #expect(TabReport.parse(report.emit())?.emit() == report.emit()) }
    }
    @Test func truncatedMessagesAreRefused() {
        let whole = TabReport.frame(x: 1, y: 2, width: 3, height: 4, isContent: true).emit()
        for n in 0..<whole.count { #expect(TabReport.parse(Array(whole[..<n])) == nil) }
        #expect(TabCommand.parse([]) == nil && TabCommand.parse([99]) == nil)
    }
    @Test func longTitlesAreCutOnACharacterBoundary() {
        let long = String(repeating: "é", count: 2000)
        guard case .title(let t)? = TabReport.parse(TabReport.title(long).emit()) else { Issue.record("no title"); return }
        #expect(t.utf8.count == 512 && t.allSatisfy { $0 == "é" })
    }
}
