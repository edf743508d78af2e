// Frames in `simctl dump` and `simctl shot`: their documents are loaded from beside the page, named and painted.

import Foundation
import Testing
@testable import SimctlCommands

@Suite struct FrameDumpTests {
    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-frames-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let pages = [
            "page.html": "<!DOCTYPE html><style>body{margin:0;background:#102030}iframe{border:0;position:absolute;left:50px;top:40px}</style><p>outer</p><iframe id=f src=child.html width=200 height=100></iframe><iframe src=page.html></iframe>",
            "child.html": "<!DOCTYPE html><style>body{margin:0}p{margin:0;background:#304050}</style><p id=inside>inner</p><iframe srcdoc='<b>deepest</b>'></iframe>",
        ]
        for (name, text) in pages { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        return folder
    }
    private func dump(_ kind: String, _ folder: URL) throws -> Any {
        let output = folder.appendingPathComponent("out.json").path
        #expect(runCommandLine(["dump", folder.appendingPathComponent("page.html").path, kind, "--output", output]) == 0)
        return try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: output)))
    }

    @Test func dumpsNameFramesAndHoldTheirDocuments() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let elements = try #require(try dump("--layout", folder) as? [[String: Any]])
        let frame = try #require(elements.first { $0["id"] as? String == "f" }), document = try #require(frame["frame"] as? [String: Any])
        #expect((document["url"] as? String)?.hasSuffix("child.html") == true && frame["x"] as? Double == 50)
        let inside = try #require((document["elements"] as? [[String: Any]])?.first { $0["id"] as? String == "inside" })
        #expect(inside["x"] as? Double == 0 && inside["width"] as? Double == 200)
        #expect(elements.filter { $0["frame"] != nil }.count == 1, "a page does not contain itself")

        let lines = try #require(try dump("--text", folder) as? [[String: Any]])
        #expect(lines.map { $0["text"] as? String } == ["outer", "inner", "deepest"])
        #expect(lines[1]["x"] as? Double == 50 && lines[0]["frame"] == nil && lines[2]["frame"] as? String == "about:srcdoc")
        let text = try String(decoding: JSONSerialization.data(withJSONObject: try dump("--dom", folder)), as: UTF8.self)
        #expect(text.contains("deepest"))
    }
    @Test func shotsShowFrames() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let page = try LocalPage.load(folder.appendingPathComponent("page.html").path)
        try page.layOut(width: 400, height: 300)
        let pixels = page.pixels(400, 300, 0)
        #expect(pixels[45 * 400 + 240] == 0xFF30_4050, "the frame's paragraph")
        #expect(pixels[135 * 400 + 240] == 0xFF10_2030, "the page shows through where the frame paints nothing")
    }
}
