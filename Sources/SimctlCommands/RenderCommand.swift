// `simctl render`: one local page through the browser engine, natively, without the machine: for looking at layout and
// for comparing with other browsers.

import CSS
import Devices
import DOM
import Foundation
import Graphics
import HTML
import Images
import Layout
import Terrarium

let renderCommand = Command(
    words: ["render"], arguments: "FILE.html", summary: "lay out a local page with the browser engine and make a picture",
    details: "Runs the engine natively on a file and the style sheets and pictures beside it. The machine is not involved.",
    options: [
        OptionSpecification("screenshot", "FILE", "write the picture as PNG"),
        OptionSpecification("layout", "FILE", "write the layout tree as text, one box a line; - for standard output"),
        OptionSpecification("size", "WxH", "viewport in pixels (default 1024x640)"),
        OptionSpecification("scroll", "Y", "scroll position in pixels (default 0)"),
    ],
    argumentCount: 1...1,
    examples: [Example("simctl render page.html --screenshot page.png", "a picture"), Example("simctl render page.html --layout -", "the layout tree as text")],
    exitCodes: [(ExitCode.noInput, "the page or a font is missing"), (ExitCode.cannotCreate, "a file cannot be written")],
    run: renderPage)

@Sendable func renderPage(_ arguments: ParsedArguments) throws -> Int32 {
    let path = arguments.arguments[0]
    var size = (width: 1024, height: 640)
    if let text = arguments.string("size") {
        let parts = text.lowercased().split(separator: "x").compactMap { Int($0) }
        guard parts.count == 2, (16...8192).contains(parts[0]), (16...8192).contains(parts[1]) else { throw CommandFailure.usage("--size takes a size such as 1024x640") }
        size = (parts[0], parts[1])
    }
    let page = try LocalPage.load(path)
    try page.layOut(width: size.width, height: size.height)
    let scroll = Int32(try arguments.integer("scroll", in: 0...1_000_000) ?? 0)
    if let file = arguments.string("layout") { try write(Array(page.view.layoutTreeText().utf8), to: file) }
    if let file = arguments.string("screenshot") { try write(try mapErrors { try PNGWriter.encode(pixels: page.pixels(size.width, size.height, scroll), width: size.width, height: size.height) }, to: file) }
    note("\(page.document.nodeIDLimit) nodes, \(page.view.contentWidth) x \(page.view.contentHeight) pixels")
    return ExitCode.success
}
