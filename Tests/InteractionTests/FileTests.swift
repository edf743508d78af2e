// Choosing and sending files, and forms in other encodings than UTF-8 (DOM-012).

import ABI
import DOM
import HTML
import Testing
import Toolkit
import WebNet
@testable import Interaction

@Suite struct FileTests {
    /// A page with files to choose from.
    private func page(_ body: String) -> TestPage {
        let t = TestPage(body)
        let files: [String: [UInt8]] = ["/data/notes/a.txt": Array("A\n".utf8), "/data/notes/apple \"1\".png": [0x89, 0, 255, 13, 10], "/data/b.bin": [1]]
        t.page.listFolder = { folder in
            switch folder {
            case "/": [FolderEntry(name: "data", isFolder: true)]
            case "/data/": [FolderEntry(name: "b.bin", isFolder: false), FolderEntry(name: "gone", isFolder: false), FolderEntry(name: "notes", isFolder: true)]
            case "/data/notes/": [FolderEntry(name: "a.txt", isFolder: false), FolderEntry(name: "apple \"1\".png", isFolder: false)]
            default: nil
            }
        }
        t.page.readFile = { files[$0] }
        return t
    }
    private static let form = "<form method=post enctype=multipart/form-data action=up><input type=file name=f id=f multiple><button id=go>go</button></form>"

    @Test func aFileIsChosenByNameAndSentAsItIs() throws {
        let t = page(Self.form)
        t.click("f")
        #expect(t.page.filePicker?.rows.map { $0.name } == ["notes", "b.bin", "gone"], "folders first")
        t.type("no\n")
        #expect(t.page.filePicker?.path.value == "/data/notes/")
        t.type("ap")
        t.key(Key.down); t.key(Key.enter)
        #expect(!t.page.hasPopup && t.document.chosenFiles(t.node("f")) == ["/data/notes/apple \"1\".png"])
        // The next one begins in the same folder; a path can be typed or completed.
        t.click("f")
        t.type("a.t"); t.key(Key.tab)
        #expect(t.page.filePicker?.path.value == "/data/notes/a.txt")
        t.key(Key.enter)
        t.click("go")
        let sent = try #require(t.submitted.first), boundary = try #require(sent.contentType?.split(separator: "=").last)
        var wanted = Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"f\"; filename=\"apple %221%22.png\"\r\nContent-Type: image/png\r\n\r\n".utf8) + [0x89, 0, 255, 13, 10]
        wanted += Array("\r\n--\(boundary)\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nA\n\r\n--\(boundary)--\r\n".utf8)
        #expect(sent.body == wanted)
    }
    @Test func whatIsWrongIsSaid() {
        let t = page(Self.form.replacing("multiple", with: "required"))
        t.click("go")
        #expect(t.submitted.isEmpty && t.page.bubble?.message == "Please select a file.")
        t.click("f")
        t.type("nothing\n")
        #expect(t.page.filePicker?.message == "There is no file of this name.")
        t.key(Key.a, [.control]); t.type("/nowhere/")
        #expect(t.page.filePicker?.message == "There is no such folder.")
        t.key(Key.escape)
        #expect(!t.page.hasPopup && t.document.chosenFiles(t.node("f")).isEmpty)
        // A file that is gone when the form is sent.
        t.click("f"); t.type("gone\n"); t.click("go")
        #expect(t.submitted.isEmpty && t.page.bubble?.message == "The file gone cannot be read.")
        t.click("f"); t.type("b\n")
        #expect(t.document.chosenFiles(t.node("f")) == ["/data/b.bin"])
        t.page.reset(t.document.formOwner(t.node("f")))
        #expect(t.document.chosenFiles(t.node("f")).isEmpty)
    }
    @Test func thePointerChooses() throws {
        let t = page(Self.form)
        t.click("f")
        let list = try #require(t.page.filePicker?.listRect)
        t.click(list.x + 40, list.y + 11)                            // notes
        #expect(t.page.filePicker?.path.value == "/data/notes/")
        t.click(list.x + 40, list.y + 33)
        #expect(t.document.chosenFiles(t.node("f")).count == 1 && !t.page.hasPopup)
        t.click("f")
        t.click(600, 470)
        #expect(!t.page.hasPopup)
        let disabled = page(Self.form.replacing("multiple", with: "disabled"))
        disabled.click("f")
        #expect(!disabled.page.hasPopup && !TestPage(Self.form).page.hasPopup)
    }

    @Test func formsAreSentInTheEncodingOfThePageOrTheirOwn() throws {
        func sent(_ label: String, _ form: String, enctype: String = "") throws -> FormSubmission {
            let t = TestPage("<form \(form)><input name='é' value='Пр€日\u{1F331}'><input type=hidden name=_charset_><button id=go>go</button></form>")
            t.page.charset = { asked in TextEncoder(label: asked ?? label).map { e in FormCharset(name: e.name) { e.encode($0) } } }
            t.click("go")
            return try #require(t.submitted.first)
        }
        func query(_ label: String, _ form: String = "") throws -> String { try sent(label, form).url.query ?? "" }
        #expect(try query("utf-8") == "%C3%A9=%D0%9F%D1%80%E2%82%AC%E6%97%A5%F0%9F%8C%B1&_charset_=UTF-8")
        #expect(try query("windows-1251") == "%26%23233%3B=%CF%F0%88%26%2326085%3B%26%23127793%3B&_charset_=windows-1251")
        #expect(try query("shift_jis") == "%26%23233%3B=%84P%84%82%26%238364%3B%93%FA%26%23127793%3B&_charset_=Shift_JIS")
        #expect(try query("gb18030").hasPrefix("%A8%A6=%A7%B1%A7%E2%A2%E3%C8%D5%949%B47&"))
        #expect(try query("gbk").hasPrefix("%A8%A6=%A7%B1%A7%E2%80%C8%D5%26%23127793%3B&"))
        #expect(try query("iso-2022-jp").contains("=%1B%24B%271%27b%1B%28B%26%238364%3B%1B%24BF%7C%1B%28B%26%23127793%3B&"))
        #expect(try query("utf-16le") == query("utf-8") && query("windows-1251", "accept-charset='nonsense utf-8 big5'") == query("utf-8"))
        let post = try sent("euc-jp", "method=post enctype=multipart/form-data")
        #expect(post.body.contains(bytes: Array("name=\"".utf8) + Array("&#233;".utf8) + Array("\"".utf8)) && post.body.contains(bytes: [0xA7, 0xB1, 0xA7, 0xE2]))
    }
}
