// Bookmarks, history, suggestions, settings and the pages that show them (TAB-016…TAB-032).

import Testing
@testable import ChromeApp

@Suite struct LibraryTests {
    @Test func historyKeepsTheLatestFirstAndForgetsTheOldest() {
        var l = Library()
        for i in 0..<600 { l.visit("http://h/\(i)") }
        l.visit("http://h/300")
        l.visit("about:start"); l.visit("data:,x"); l.visit("jsos://history")
        #expect(l.visits.count == Library.visitsMax)
        #expect(l.visits[0].url == "http://h/300" && l.visits[0].count == 2 && l.visits[1].url == "http://h/599")
        l.name("http://h/300", "The Title")
        #expect(l.visits(matching: "title h/").map { $0.url } == ["http://h/300"])
        l.removeVisit("http://h/300")
        #expect(l.visits(matching: "title").isEmpty)
        l.clearHistory()
        #expect(l.visits.isEmpty)
    }

    @Test func suggestionsPutBookmarksFirstThenWhatIsVisitedOften() {
        var l = Library()
        for i in 0..<12 { l.visit("http://site/\(i)") }
        l.visit("http://site/3"); l.visit("http://site/3"); l.visit("http://site/5")
        l.toggleBookmark("http://site/kept", "Kept")
        #expect(l.suggestions(for: "SITE").map { $0.url } == ["kept", "3", "5", "11", "10", "9", "8", "7"].map { "http://site/" + $0 })
        #expect(l.suggestions(for: "  ").isEmpty && l.suggestions(for: "nowhere").isEmpty)
    }

    @Test func bookmarksToggleMoveAndAreRenamed() {
        var l = Library()
        l.toggleBookmark("http://a", "A"); l.toggleBookmark("http://b", "")
        #expect(l.bookmarks.map { $0.title } == ["A", "http://b"])
        InternalPages.perform("jsos://bookmarks?up=1", on: &l)
        InternalPages.perform("jsos://bookmarks?rename=0&title=The+B%26", on: &l)
        #expect(l.bookmarks.map { $0.title } == ["The B&", "A"])
        #expect(InternalPages.html("jsos://bookmarks", l)!.contains("The B&amp;"))
        for bad in ["jsos://bookmarks?remove=7", "jsos://bookmarks?remove=-1", "jsos://bookmarks?remove=x", "jsos://bookmarks?up=0"] { InternalPages.perform(bad, on: &l) }
        #expect(l.bookmarks.count == 2)
        InternalPages.perform("jsos://bookmarks?remove=0", on: &l)
        l.toggleBookmark("http://a", "A")
        #expect(l.bookmarks.isEmpty)
    }

    @Test func settingsAreReadFromTheirForm() {
        var l = Library()
        InternalPages.perform("jsos://settings?home=http%3A%2F%2Fhome%2F&engine=custom&custom=http%3A%2F%2Fs%2F%3Fx%3D%25s&images=1&font=2&bar=1&save=1", on: &l)
        #expect(l.settings.homePage == "http://home/" && l.settings.searchEngine == "http://s/?x=%s" && l.settings.images == .never && l.settings.fontScale == .large && l.settings.showsBookmarksBar)
        #expect(Browser.addressToURL("two words", searchEngine: l.settings.searchEngine) == "http://s/?x=two+words")
        #expect(Browser.searchURL("a", "http://s/find") == "http://s/find?q=a")
        InternalPages.perform("jsos://settings?images=9&font=-1&engine=None&save=1", on: &l)
        #expect(l.settings.images == .never && l.settings.fontScale == .large && !l.settings.showsBookmarksBar)
        #expect(InternalPages.html("jsos://settings?save=1", l)!.contains("Saved"))
    }

    @Test func everyPageOfTheBrowserExistsAndEscapes() {
        var l = Library()
        l.visit("http://x/?<script>"); l.name("http://x/?<script>", "<b>&")
        l.update(Download(tab: 1, number: 1, path: "/tmp/downloads/<a>.zip", received: 512, total: 1024, state: .running))
        for name in ["bookmarks", "history", "downloads", "settings", "about"] {
            let html = InternalPages.html("jsos://" + name, l)
            #expect(html != nil && !html!.contains("<script>") && !html!.contains("<b>&<") && !html!.contains("<a>.zip"))
        }
        #expect(InternalPages.html("jsos://nothing", l) == nil)
        #expect(InternalPages.shown("jsos://history?q=x") == "jsos://history?q=x" && InternalPages.shown("jsos://history?clear=1") == "jsos://history")
        #expect(InternalPages.html("jsos://downloads", l)!.contains("50 % of 1 KB"))
    }
}
