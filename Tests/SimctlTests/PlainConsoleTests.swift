// The console as plain text: what a terminal would show of each line, without the sequences that made it.

import ConsoleText
import Foundation
import Testing
@testable import Terrarium

@Suite struct PlainConsoleTests {
    @Test(arguments: [
        ("a\nb", "a\nb"), ("> psx\r> ps\u{1b}[K\n", "> ps\n"), ("abc\u{1b}[2D\u{1b}[KX\n", "aX\n"), ("ab\u{1b}[Dc\n", "ac\n"), ("\u{1b}[31mred\u{1b}[0m\n", "red\n"),
        ("abc\u{08}\u{08}x\n", "axc\n"), ("\u{1b}[H\u{1b}[2J> \n", "> \n"), ("grün €\r> \n", "> ün €\n"), ("x\u{1b}[5Cy\n", "x     y\n"), ("bell\u{07}\n", "bell\n"), ("\r\n", "\n"),
        ("\u{1b}]0;title\u{07}\n", "0;title\n"), ("half \u{1b}[", "half "),
    ])
    func linesReadAsTheyLooked(_ typed: String, _ plain: String) { #expect(PlainConsole.text(of: typed) == plain, "\(typed.debugDescription)") }

    /// Cut anywhere, the same comes out; hostile bytes end and harm nothing.
    @Test func piecesDoNotMatter() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let alphabet: [UInt8] = [97, 98, 10, 13, 27, 91, 91, 50, 57, 59, 67, 68, 74, 75, 8, 0xc3, 0xbc, 0xff, 9]
            let bytes = (0..<60).map { _ in alphabet.randomElement(using: &random)! }
            var whole = PlainConsole(), pieces = PlainConsole()
            let a = whole.feed(bytes) + whole.finish()
            var b: [UInt8] = []
            for byte in bytes { b += pieces.feed([byte]) }
            #expect(a == b + pieces.finish(), "\(bytes)")
            #expect(!a.contains(27))
        }
        #expect(PlainConsole.text(of: "\u{1b}[99999999999999999999Cx").utf8.count <= PlainConsole.cellCountMax)
    }
    /// A pipe sees a prompt at once; a line that changes behind it appears once more, whole.
    @Test func aPipeSeesTheLineGrow() {
        var p = PlainConsole(isWaitingForLines: false)
        func feed(_ s: String) -> String { String(decoding: p.feed(Array(s.utf8)), as: UTF8.self) }
        #expect(feed("> ") == "> " && feed("p") == "p" && feed("s\n") == "s\n")
        #expect(feed("> ab") == "> ab" && feed("\r> b\u{1b}[K") == "" && feed("\n") == "\n> b\n")
        #expect(feed("> x") == "> x" && p.finish() == [])
    }
    /// What the guest's line editor writes reads as the line that it gave.
    @Test func editedLinesAreReadable() {
        let typed = "spx\u{7f}awn wild\u{01}\u{06}\u{05}\n"
        var editor = LineEditor(prompt: "> ")
        editor.showPrompt()
        let event = typed.utf8.compactMap { editor.feed($0) }
        #expect(event == [.line("spawn wild")])
        #expect(PlainConsole.text(of: String(decoding: editor.takeOutput(), as: UTF8.self)) == "> spawn wild\n")
    }
}
