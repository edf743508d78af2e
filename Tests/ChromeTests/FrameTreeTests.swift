// The browser's model of frames and the messages about them: limits, sandboxes, origins, targets.

import ABI
import TabProtocol
import Testing
@testable import ChromeApp

@Suite struct FrameTreeTests {
    private let page = "http://one.test/dir/page.html"
    private func open(_ tree: inout FrameTree, _ parent: UInt32, _ number: UInt32, _ url: String, name: String = "", sandbox: SandboxFlags = []) throws -> UInt32 {
        try tree.open(parent: parent, number: number, url: url, name: name, sandbox: sandbox, tabURL: page).id
    }
    private func refusal(_ tree: inout FrameTree, _ parent: UInt32, _ number: UInt32, _ url: String) -> FrameTree.Refusal? {
        do throws(FrameTree.Refusal) { _ = try tree.open(parent: parent, number: number, url: url, name: "", sandbox: [], tabURL: page) } catch { return error }
        return nil
    }

    @Test func framesOfATabAreBounded() throws {
        var tree = FrameTree()
        for i in 1...UInt32(FrameTree.framesPerTabMax) { _ = try open(&tree, 1, i, "http://two.test/\(i)") }
        #expect(refusal(&tree, 1, 99, "http://two.test/") == .tooMany)
        #expect(refusal(&tree, 2, 1, "http://two.test/") == nil, "another tab has its own")
        #expect(refusal(&tree, 2, 1, "http://two.test/") == .known)
        #expect(tree.close(below: 1).count == FrameTree.framesPerTabMax)
        #expect(refusal(&tree, 1, 100, "http://two.test/") == nil)
    }
    @Test func nestingEnds() throws {
        var tree = FrameTree(), parent: UInt32 = 1
        for depth in 1...FrameTree.depthMax {
            parent = try open(&tree, parent, 1, "http://h\(depth).test/")
            #expect(tree.frame(parent)?.depth == depth && tree.tab(of: parent) == 1)
        }
        #expect(refusal(&tree, parent, 1, "http://deeper.test/") == .tooDeep)
        #expect(tree.close(below: 1) == [parent, parent - 1, parent - 2, parent - 3], "innermost first")
        #expect(tree.frames.isEmpty)
    }
    @Test func whatAFrameShows() throws {
        var tree = FrameTree()
        #expect(refusal(&tree, 1, 1, page + "#part") == .itself)
        let child = try open(&tree, 1, 2, "http://two.test/a")
        #expect(refusal(&tree, child, 1, "http://two.test/a#x") == .itself && refusal(&tree, child, 1, page) == .itself)
        for url in ["file:///etc", "jsos://settings", "view-source:http://x/", "javascript:1"] { #expect(refusal(&tree, 1, 3, url) == .address, "\(url)") }
        for (i, url) in ["https://x/", "data:text/html,x", "about:srcdoc", ""].enumerated() { #expect(refusal(&tree, 1, 10 + UInt32(i), url) == nil, "\(url)") }
        #expect(FrameTree.mayShow("file:///a", in: "file:///b"))
    }
    @Test func originsAndAddressesComeFromTheBrowser() throws {
        var tree = FrameTree()
        let a = try open(&tree, 1, 1, "http://two.test:81/x"), b = try open(&tree, a, 1, "about:srcdoc"), c = try open(&tree, b, 1, "http://three.test/")
        let s = try open(&tree, 1, 2, "http://two.test/", sandbox: .all), inner = try open(&tree, s, 1, "http://four.test/")
        #expect(tree.ancestorOrigins(of: c, tabURL: page) == ["http://two.test:81", "http://two.test:81", "http://one.test"])
        #expect(tree.ancestorOrigins(of: a, tabURL: page) == ["http://one.test"])
        #expect(tree.baseURL(of: b, tabURL: page) == "http://two.test:81/x" && tree.baseURL(of: a, tabURL: page) == page)
        #expect(tree.frame(inner)?.sandbox == .all, "a sandbox holds what is in it")
        #expect(tree.ancestorOrigins(of: inner, tabURL: page) == ["null", "http://one.test"])
        #expect(tree.close(below: a, itself: true) == [c, b, a] && tree.frames.count == 2)
    }
    @Test func targetsLeadWhereTheyMay() throws {
        var tree = FrameTree()
        let menu = try open(&tree, 1, 1, "http://two.test/", name: "menu"), body = try open(&tree, 1, 2, "http://two.test/b", name: "body")
        let inner = try open(&tree, body, 1, "http://three.test/", name: "inner")
        #expect(tree.resolve("body", from: menu) == .frame(body) && tree.resolve("inner", from: 1) == .frame(inner))
        #expect(tree.resolve("_self", from: inner) == .frame(inner) && tree.resolve("inner", from: inner) == .frame(inner))
        #expect(tree.resolve("_parent", from: inner) == .frame(body) && tree.resolve("_PARENT", from: body) == .tab(1))
        #expect(tree.resolve("_top", from: inner) == .tab(1) && tree.resolve("_top", from: 1) == .tab(1))
        #expect(tree.resolve("nobody", from: inner) == .newTab && tree.resolve("_blank", from: 1) == .newTab && tree.resolve("Body", from: 1) == .newTab)

        let box = try open(&tree, 1, 3, "http://evil.test/", sandbox: .all), below = try open(&tree, box, 1, "http://evil.test/2", name: "below")
        for target in ["_top", "_parent", "body", "_blank", "nobody"] { #expect(tree.resolve(target, from: box) == .forbidden, "\(target)") }
        #expect(tree.resolve("below", from: box) == .frame(below) && tree.resolve("", from: box) == .frame(box))
        let loose = try open(&tree, 1, 4, "http://x.test/", sandbox: SandboxFlags.parse("allow-popups ALLOW-TOP-NAVIGATION-by-user-activation"))
        #expect(tree.resolve("_top", from: loose) == .tab(1) && tree.resolve("_blank", from: loose) == .newTab && tree.resolve("body", from: loose) == .forbidden)
    }

    @Test func sandboxAttributes() {
        #expect(SandboxFlags.parse(nil) == [] && SandboxFlags.parse("") == .all)
        #expect(SandboxFlags.parse(" allow-forms\tallow-scripts unknown") == SandboxFlags.all.subtracting([.forms, .scripts]))
    }
    @Test func everyFrameMessageSurvivesTheWire() {
        let commands: [TabCommand] = [
            .embed(Embedding(sandbox: [.forms, .popups], baseURL: "http://b/é", ancestors: ["http://a", "null"])), .frameNews(number: 7, .attached),
            .frameNews(number: 8, .stopped(why: "Reason: trapped.", canRetry: true)), .focus(.backwards),
        ]
        let reports: [TabReport] = [
            .frameRequest(number: 1, .open(place: 5, url: "http://x/", name: "n", sandbox: .all)), .frameRequest(number: 2, .navigate(url: "u")), .frameRequest(number: 3, .reload),
            .frameRequest(number: 4, .close), .openNamed(url: "u", target: "_top"), .unused(.wheel(notches: -3)), .unused(.key(code: 108, modifiers: 1)), .unused(.focus(backwards: true)),
        ]
        for whole in commands.map({ $0.emit() }) {
            #expect(TabCommand.parse(whole)?.emit() == whole)
            for n in 0..<whole.count { #expect(TabCommand.parse(Array(whole[..<n]))?.emit() != whole) }
        }
        for whole in reports.map({ $0.emit() }) {
            #expect(TabReport.parse(whole)?.emit() == whole)
            for n in 0..<whole.count { #expect(TabReport.parse(Array(whole[..<n])) == nil) }
        }
        let long = Embedding(sandbox: [], baseURL: String(repeating: "é", count: 4000), ancestors: [String](repeating: String(repeating: "a", count: 999), count: 20))
        #expect(TabCommand.embed(long).emit().count < Limits.messageByteCountMax)
    }
    @Test func textsWaitForTheirFrames() {
        var documents = FrameDocuments()
        documents.add(5, [1, 0, 0, 0, 65, 66])
        documents.add(5, [1, 0])
        documents.add(5, [2, 0, 0, 0])
        #expect(documents.removeFirst(5, 1) == [65, 66] && documents.removeFirst(5, 1) == nil && documents.removeFirst(6, 2) == nil)
        documents.removeAll(5)
        #expect(documents.removeFirst(5, 2) == nil)
    }

    /// Back and forward go through what happened in frames too.
    @Test func framesTakePartInHistory() throws {
        var strip = TabStrip()
        let opened = strip.open(url: "http://a/", afterActive: false), id = try #require(opened)
        func update(_ body: (inout TabModel) -> Void) -> TabModel { strip.update(id, body); return strip.tab(id)! }
        _ = update { $0.arrived(at: "http://b/", isNew: true) }
        _ = update { $0.frameMoved([1], to: "http://x/1") }
        _ = update { $0.frameMoved([1, 0], to: "http://x/2") }
        var tab = update { $0.frameMoved([1], to: "http://x/3") }
        #expect(tab.history.count == 5 && tab.url == "http://b/" && tab.canGoBack && !tab.canGoForward)
        #expect(tab.history.map { $0.frames.map(\.url) } == [[], [], ["http://x/1"], ["http://x/1", "http://x/2"], ["http://x/3"]])
        #expect(tab.history.map(\.document) == [0, 1, 1, 1, 1])
        tab = update { _ = $0.traverse(-2); $0.isTraversing = false }
        tab = update { $0.frameMoved([0], to: "http://y/") }
        #expect(tab.history.map { $0.frames.map(\.url) } == [[], [], ["http://x/1"], ["http://x/1", "http://y/"]], "the forward part is cut")
        tab = update { $0.arrived(at: "http://c/", isNew: true) }
        #expect(tab.history.last?.document == 2 && tab.history.last?.frames.isEmpty == true)

        var tree = FrameTree()
        let a = try tree.open(parent: id, number: 1, place: 3, url: "http://x/", name: "", sandbox: [], tabURL: page).id
        let b = try tree.open(parent: a, number: 1, place: 2, url: "http://y/", name: "", sandbox: [], tabURL: page).id
        #expect(tree.path(of: b) == [3, 2] && tree.path(of: id) == [])
    }
}
