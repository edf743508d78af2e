// A browsing session as a person would tell it: open, follow a link, switch, scroll, type, pin, close, wait. Steps name
// tabs by the order in which they were opened, never by pixels; `SessionDriver` turns them into keys and clicks.
// Format: docs/formats/scenario.md.

import Foundation

/// What the user does.
public enum SessionAction: Equatable, Sendable {
    /// A new tab at the end of the strip; the address is typed.
    case open(url: String)
    /// Another page in the tab on screen; the address is typed.
    case navigate(url: String)
    /// The n-th stop of the Tab key on the page (1 = first), pressed with Enter; with Ctrl+Enter it opens behind this tab.
    case link(Int, isInBackground: Bool = false)
    /// The tab that was opened as the n-th (1 = first): a click on it in the strip.
    case switchTo(tab: Int)
    case back
    /// Notches of the wheel over the page; negative scrolls down.
    case scroll(Int)
    /// Down and up again, `count` times: what a test does to see that a page still answers.
    case wiggle(Int)
    /// Text for the n-th stop of the Tab key on the page.
    case type(field: Int, text: String)
    /// Pins or unpins the tab on screen.
    case pin
    /// Closes that tab, or the one on screen.
    case close(tab: Int?)
    case wait(nanoseconds: UInt64)
    /// A line of an input script without its time.
    case input(String)
}

/// An action, at a given time or as soon as the one before is done.
public struct SessionStep: Equatable, Sendable {
    public var nanoseconds: UInt64?
    public var action: SessionAction
    public init(_ action: SessionAction, at nanoseconds: UInt64? = nil) { self.action = action; self.nanoseconds = nanoseconds }
}

/// A step as it stands in a file.
struct SessionStepFile: Codable {
    var `do`: String
    var at: String?
    var url: String?
    var tab: Int?
    var number: Int?
    var background: Bool?
    var notches: Int?
    var times: Int?
    var text: String?
    var `for`: String?
    var line: String?

    static let names = ["open", "navigate", "link", "switch", "back", "scroll", "wiggle", "type", "pin", "close", "wait", "input"]

    /// Throws what is wrong with step `index`.
    func step(_ index: Int) throws(TerrariumError) -> SessionStep {
        func fail(_ why: String) -> TerrariumError { TerrariumError(.badData, "step \(index + 1) ('\(`do`)'): \(why)") }
        var time: UInt64?
        if let at {
            guard let t = parseDuration(at) else { throw fail("'at' is a time such as 2.5s, not '\(at)'") }
            time = t
        }
        func count(_ value: Int?, _ name: String, _ range: ClosedRange<Int>) throws(TerrariumError) -> Int {
            guard let value, range.contains(value) else { throw fail("'\(name)' is a number from \(range.lowerBound) to \(range.upperBound)") }
            return value
        }
        let action: SessionAction
        switch `do` {
        case "open", "navigate":
            guard let url, !url.isEmpty else { throw fail("'url' is missing") }
            action = `do` == "open" ? .open(url: url) : .navigate(url: url)
        case "link": action = .link(try count(number, "number", 1...500), isInBackground: background ?? false)
        case "switch": action = .switchTo(tab: try count(tab, "tab", 1...10_000))
        case "back": action = .back
        case "scroll":
            action = .scroll(try count(notches, "notches", -1000...1000))
        case "wiggle": action = .wiggle(try count(times ?? 1, "times", 1...100))
        case "type":
            guard let text else { throw fail("'text' is missing") }
            action = .type(field: try count(number, "number", 1...500), text: text)
        case "pin": action = .pin
        case "close": action = .close(tab: tab)
        case "wait":
            guard let text = self.for, let t = parseDuration(text) else { throw fail("'for' is a time such as 2.5s") }
            action = .wait(nanoseconds: t)
        case "input":
            guard let line, !line.isEmpty else { throw fail("'line' is missing") }
            action = .input(line)
        default:
            let hint = closest(to: `do`, among: SessionStepFile.names).map { "; did you mean '\($0)'" } ?? ""
            throw fail("there is no such action\(hint). There are: \(SessionStepFile.names.joined(separator: ", "))")
        }
        return SessionStep(action, at: time)
    }

    init(_ step: SessionStep) {
        at = step.nanoseconds.map { "\($0 / 1_000_000)ms" }
        switch step.action {
        case .open(let u): `do` = "open"; url = u
        case .navigate(let u): `do` = "navigate"; url = u
        case .link(let n, let isInBackground): `do` = "link"; number = n; background = isInBackground ? true : nil
        case .switchTo(let t): `do` = "switch"; tab = t
        case .back: `do` = "back"
        case .scroll(let n): `do` = "scroll"; notches = n
        case .wiggle(let n): `do` = "wiggle"; times = n
        case .type(let n, let t): `do` = "type"; number = n; text = t
        case .pin: `do` = "pin"
        case .close(let t): `do` = "close"; tab = t
        case .wait(let t): `do` = "wait"; `for` = "\(t / 1_000_000)ms"
        case .input(let l): `do` = "input"; line = l
        }
    }
}
