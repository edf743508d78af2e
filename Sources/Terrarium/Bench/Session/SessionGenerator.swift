// A different session for each seed, of one character, fitted to what studies of people's tabs found:
// - how many tabs: two kinds of people, those with about one tab and those with about sixteen (Mozilla Test Pilot, "A Week
//   in the Life of a Browser 2", 2010; Dubroy and Balakrishnan, "A Study of Tabbed Browsing Among Mozilla Firefox Users",
//   CHI 2010, where also: about one switch of tabs for two followed links, and eleven new tabs a day in the median);
// - to which tab people return: recency rank r with probability proportional to 1/r (Tauscher and Greenberg, "How People
//   Revisit Web Pages", IJHCS 1997; Adar, Teevan and Dumais, "Large Scale Analysis of Web Revisitation Patterns", CHI 2008);
// - how long they stay: short in most cases with a long tail (Weinreich et al., "Not Quite the Average", TWEB 2008; Liu,
//   White and Dumais, "Understanding Web Browsing Behaviors through Weibull Analysis of Dwell Time", SIGIR 2010).
// A day is played in about half an hour: the hours in which nothing is done are left out, but for a few breaks.
// Invariant: integers and `SeededRandom` only; the same seed gives the same steps on every host.

import Foundation
import Machine

/// What the generator is asked for, as it stands in a scenario.
public struct GeneratorRecipe: Codable, Sendable {
    public enum Kind: String, Codable, Sendable { case browse, pressure }
    struct Mode: Codable, Sendable { var count: Int; var spread: Int; var weight: Int }
    /// A place on the web with its entry pages.
    struct Site: Codable, Sendable {
        var name: String
        var weight: Int
        /// Pages that a tab is opened with.
        var pages: [String]
        /// Pages that are gone to inside the tab by their address.
        var follow: [String]?
        /// Number of links at the top of each page that lead to pages of the same site.
        var links: Int?
        /// The stop of the Tab key that is a text field.
        var field: Int?
    }
    var kind: Kind
    /// How many tabs this person has.
    var tabs: [Mode]
    /// Things done: tabs opened, links followed, switches.
    var actions: Int
    /// Part of the actions after which the tabs are there; per mille.
    var openUntilPerMille: Int
    var linksPerSwitchPerMille: Int?
    /// Of all actions: a tab is closed and another opened; per mille.
    var closePerMille: Int?
    /// Of links: opened behind the tab on screen.
    var backgroundPerMille: Int?
    /// Of stays at a page with a text field: something is typed.
    var typePerMille: Int?
    /// Seconds of a stay: one of these, each as likely as the others.
    var dwellSeconds: [Int]
    /// Nothing is done for this many seconds, so many times.
    var breakSeconds: [Int]?
    // Kind `pressure`.
    var pinnedTabs: Int?
    var recentTabs: Int?
    var coldTabs: Int?
    var sites: [Site]

    var problem: String? {
        if sites.isEmpty || sites.contains(where: { $0.pages.isEmpty || $0.weight < 1 }) { return "every site needs pages and a weight of 1 or more" }
        if tabs.isEmpty || tabs.contains(where: { $0.count < 1 || $0.count > SessionDriver.tabsMax || $0.spread < 0 || $0.weight < 1 }) { return "a mode of tabs has count 1 to \(SessionDriver.tabsMax), spread and weight" }
        if !(1...5000).contains(actions) || dwellSeconds.isEmpty || dwellSeconds.contains(where: { !(0...3600).contains($0) }) { return "actions is 1 to 5000, dwellSeconds a list of 0 to 3600" }
        if !(1...1000).contains(openUntilPerMille) { return "openUntilPerMille is 1 to 1000" }
        if sites.contains(where: { $0.weight > 1_000_000 || !(0...500).contains($0.links ?? 0) || !(1...500).contains($0.field ?? 1) }) { return "a site has a weight up to 1000000, links up to 500, field 1 to 500" }
        if tabs.contains(where: { $0.spread > SessionDriver.tabsMax || $0.weight > 1_000_000 }) { return "spread of tabs is at most \(SessionDriver.tabsMax), weight 1000000" }
        if !(0...1_000_000).contains(linksPerSwitchPerMille ?? 0) { return "linksPerSwitchPerMille is 0 to 1000000" }
        if (breakSeconds ?? []).contains(where: { !(0...36_000).contains($0) }) { return "breakSeconds are 0 to 36000" }
        if [pinnedTabs, recentTabs, coldTabs].contains(where: { !(1...40).contains($0 ?? 1) }) { return "pinnedTabs, recentTabs and coldTabs are 1 to 40" }
        return nil
    }
}

struct SessionGenerator {
    private struct Tab { var number: Int; var site: Int; var isTyped = false }
    private let recipe: GeneratorRecipe
    private let base: String
    private var random: SeededRandom
    private var steps: [SessionStep] = []
    /// Most recently on screen first.
    private var tabs: [Tab] = []
    private var opened = 0
    private var decks: [[String]]
    private var links = 0, switches = 0

    private init(_ recipe: GeneratorRecipe, base: String, seed: UInt64) {
        self.recipe = recipe
        self.base = base
        random = SeededRandom(seed: seed, stream: "session")
        decks = Array(repeating: [], count: recipe.sites.count)
    }

    /// The steps of the session, and the page of its first tab. `base` stands before relative addresses.
    static func generate(_ recipe: GeneratorRecipe, base: String, seed: UInt64) -> (firstURL: String, steps: [SessionStep]) {
        var g = SessionGenerator(recipe, base: base, seed: seed)
        let first = g.newTab()
        g.dwell()
        switch recipe.kind {
        case .browse: g.browse()
        case .pressure: g.press()
        }
        return (first, g.steps)
    }

    // MARK: Chance

    private mutating func below(_ n: Int) -> Int { Int(random.below(UInt64(max(1, n)))) }
    private mutating func chance(_ perMille: Int) -> Bool { below(1000) < perMille }
    private mutating func pick<T>(_ list: [T], weight: (T) -> Int) -> Int {
        var left = below(list.reduce(0) { $0 + weight($1) })
        for (i, item) in list.enumerated() {
            left -= weight(item)
            if left < 0 { return i }
        }
        return list.count - 1
    }
    /// A sum of three: near the middle more often than at the ends.
    private mutating func around(_ count: Int, _ spread: Int) -> Int {
        let width = 2 * spread / 3 + 1
        return max(1, min(SessionDriver.tabsMax, count - spread + below(width) + below(width) + below(width)))
    }
    /// The next page of a site; each once before any comes again.
    private mutating func page(of site: Int) -> String {
        if decks[site].isEmpty {
            var deck = recipe.sites[site].pages
            for i in stride(from: deck.count - 1, to: 0, by: -1) { deck.swapAt(i, below(i + 1)) }
            decks[site] = deck
        }
        return base + decks[site].removeLast()
    }

    // MARK: What people do

    private mutating func newTab(site: Int? = nil) -> String {
        let site = site ?? pick(recipe.sites) { $0.weight }
        opened += 1
        tabs.insert(Tab(number: opened, site: site), at: 0)
        return page(of: site)
    }
    private mutating func open() {
        let url = newTab()
        steps.append(SessionStep(.open(url: url)))
        dwell()
    }
    private mutating func show(_ index: Int) {
        guard index > 0, index < tabs.count else { return }
        let tab = tabs.remove(at: index)
        tabs.insert(tab, at: 0)
        steps.append(SessionStep(.switchTo(tab: tab.number)))
        switches += 1
        dwell()
    }
    /// Back to a tab: the more recent, the likelier.
    private mutating func revisit() {
        guard tabs.count > 1 else { return }
        let ranks = Array(1..<tabs.count)
        show(ranks[pick(ranks) { 720_720 / $0 }])
    }
    private func canFollow(_ tab: Tab) -> Bool { recipe.sites[tab.site].follow?.isEmpty == false || (recipe.sites[tab.site].links ?? 0) > 0 }
    private mutating func follow() {
        let site = recipe.sites[tabs[0].site]
        links += 1
        if let count = site.links, count > 0 {
            let isInBackground = chance(recipe.backgroundPerMille ?? 0) && tabs.count < SessionDriver.tabsMax
            steps.append(SessionStep(.link(1 + below(count), isInBackground: isInBackground)))
            if isInBackground {
                opened += 1
                tabs.insert(Tab(number: opened, site: tabs[0].site), at: 1)
            } else { tabs[0].isTyped = false }
        } else if let pages = site.follow {
            steps.append(SessionStep(.navigate(url: base + pages[below(pages.count)])))
            tabs[0].isTyped = false
        }
        dwell()
    }
    /// Stays at the page: scrolls, sometimes types.
    private mutating func dwell() {
        let seconds = recipe.dwellSeconds[below(recipe.dwellSeconds.count)]
        let milliseconds = 2000 + seconds * 1000 + below(900)
        let site = recipe.sites[tabs[0].site]
        if let field = site.field, !tabs[0].isTyped, chance(recipe.typePerMille ?? 0) {
            wait(2000)
            steps.append(SessionStep(.type(field: field, text: SessionGenerator.sentences[below(SessionGenerator.sentences.count)])))
            tabs[0].isTyped = true
            wait(milliseconds - 2000)
            return
        }
        let pauses = 1 + below(3)
        for _ in 0..<pauses {
            wait(max(1200, milliseconds / pauses))
            steps.append(SessionStep(.scroll(chance(750) ? -(1 + below(5)) : 1 + below(3))))
        }
        wait(600)
    }
    private mutating func wait(_ milliseconds: Int) { steps.append(SessionStep(.wait(nanoseconds: UInt64(max(0, milliseconds)) * 1_000_000))) }
    /// A tab that was not looked at for long goes.
    private mutating func closeOne() {
        guard tabs.count > 2 else { return }
        let index = tabs.count / 2 + below(tabs.count - tabs.count / 2)
        let tab = tabs.remove(at: index)
        steps.append(SessionStep(.close(tab: tab.number)))
        wait(700)
    }

    static let sentences = [
        "the second draft is better than the first", "ask again on monday", "three tickets for the evening train", "see the table on page four",
        "it works since the last change", "a longer note that somebody has thought about and would not like to write again",
    ]

    // MARK: Sessions

    private mutating func browse() {
        let mode = recipe.tabs[pick(recipe.tabs) { $0.weight }]
        let target = around(mode.count, mode.spread)
        let openUntil = max(1, recipe.actions * recipe.openUntilPerMille / 1000)
        let breaks = recipe.breakSeconds ?? []
        let perSwitch = recipe.linksPerSwitchPerMille ?? 2000
        for i in 0..<recipe.actions {
            for (b, seconds) in breaks.enumerated() where i == recipe.actions * (b + 1) / (breaks.count + 1) { wait(seconds * 1000) }
            let missing = target - tabs.count
            if missing > 0, i >= openUntil || below(openUntil - i) < missing {
                open()
            } else if chance(recipe.closePerMille ?? 0) {
                closeOne()
                open()
            } else if canFollow(tabs[0]), links * 1000 < switches * perSwitch || tabs.count < 2 {
                follow()
            } else { revisit() }
        }
    }

    /// The shape of ChromeOS's memory-pressure test: pinned tabs that are shown again and again, recent ones, cold ones;
    /// then more and more tabs, with a look at each of the first between.
    private mutating func press() {
        let pinned = recipe.pinnedTabs ?? 5, recent = recipe.recentTabs ?? 5, cold = recipe.coldTabs ?? 10
        steps.append(SessionStep(.pin))
        for i in 1..<(pinned + cold + recent) {
            open()
            if i < pinned { steps.append(SessionStep(.pin)) }
        }
        // The recent ones were opened last: each is looked at.
        for number in (pinned + cold + 1)...(pinned + cold + recent) { wiggle(number) }
        for round in 0..<recipe.actions {
            open()
            wiggle(1 + round % pinned)
            if round % 2 == 1 { wiggle(pinned + cold + 1 + below(recent)) }
            if round % 4 == 3 { wiggle(pinned + 1 + below(cold)) }
        }
    }
    private mutating func wiggle(_ number: Int) {
        guard let index = tabs.firstIndex(where: { $0.number == number }), index > 0 else { return }
        tabs.insert(tabs.remove(at: index), at: 0)
        steps.append(SessionStep(.switchTo(tab: number)))
        wait(1500)
        steps.append(SessionStep(.wiggle(2)))
        wait(recipe.dwellSeconds[below(recipe.dwellSeconds.count)] * 1000)
    }
}
