// `simctl image build|list`: programs to native objects, fonts and pages into the image; images with a recipe.

import Foundation
import Terrarium

let imageBuildCommand = Command(
    words: ["image", "build"], arguments: "[RECIPE|FILE.wasm]", summary: "build guest images (programs, fonts, pages)",
    details: """
    Without an argument, builds the desktop (every program of images/programs.json: Swift to WebAssembly, exact metering,
    WebAssembly to native code; fonts; pages) and every image that has a recipe folder below images. With a recipe folder
    such as images/demo, builds that image only. What has not changed is not built again.

    With a .wasm file, builds just that module, refusing imports and features that the machine does not offer, and prints
    the object's path.
    """,
    options: [
        OptionSpecification("program", "NAME", "build only this program of the desktop"),
        OptionSpecification("output", "DIR", "where the desktop's image goes (default images/out)"),
        OptionSpecification("json", nil, "print the result as JSON"),
    ],
    argumentCount: 0...1,
    examples: [
        Example("simctl image build", "everything"), Example("simctl image build --program tab", "one program, while working on it"),
        Example("simctl image build images/demo", "the demo's image"), Example("simctl image build module.wasm", "would it run?"),
    ],
    exitCodes: [(ExitCode.failure, "a program does not compile; its errors are printed"), (ExitCode.badData, "bad recipe, or a module that the machine refuses, with the reason"), (ExitCode.noInput, "a source, font or page is missing")],
    files: [FileNote("images/programs.json", "programs of the desktop"), FileNote("images/pages.json", "pages of the built-in page server"), FileNote("images/NAME/recipe.json", "other images (docs/formats/image-recipe.md)")],
    seeAlso: ["simctl image list", "simctl doctor"],
    run: buildImage)

let imageListCommand = Command(
    words: ["image", "list"], arguments: "[IMAGE]", summary: "list what is in a guest image",
    details: "Programs and files with their hashes and sizes, and the hashes that a trace is matched with.",
    options: [imageOption, OptionSpecification("json", nil, "print as JSON")],
    argumentCount: 0...1,
    examples: [Example("simctl image list", "the desktop's image"), Example("simctl image list images/demo", "the demo's")],
    exitCodes: [(ExitCode.badData, "the image is damaged"), (ExitCode.noInput, "there is no such image")],
    seeAlso: ["simctl image build"], run: listImage)

@Sendable func buildImage(_ arguments: ParsedArguments) throws -> Int32 {
    let root = projectDirectory()
    let output = arguments.string("output").map { URL(fileURLWithPath: $0) } ?? root.appendingPathComponent("images/out")
    let builder = ImageBuilder(root: root, output: output) { line in note(line) }
    if let path = arguments.arguments.first {
        if arguments.string("program") != nil { throw CommandFailure.usage("--program is for the desktop; name it without '\(path)'") }
        return try buildNamed(path, builder, root, arguments)
    }
    var images = [try mapErrors { try builder.build(only: arguments.string("program")) }]
    if arguments.string("program") == nil {
        for folder in ImageRecipe.all(root: root) { images.append(try mapErrors { try builder.build(recipe: try ImageRecipe.load(folder)) }) }
    }
    return try finish(images, arguments)
}

private func buildNamed(_ path: String, _ builder: ImageBuilder, _ root: URL, _ arguments: ParsedArguments) throws -> Int32 {
    let named = URL(fileURLWithPath: path), short = root.appendingPathComponent("images/\(path)")
    if let folder = [named, short].first(where: { ImageRecipe.isRecipe($0) }) {
        return try finish([try mapErrors { try builder.build(recipe: try ImageRecipe.load(folder)) }], arguments)
    }
    var isDirectory: ObjCBool = false
    if !FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) || isDirectory.boolValue {
        let known = ImageRecipe.all(root: root).map { "images/\($0.lastPathComponent)" }
        let why = isDirectory.boolValue ? "\(path) holds no recipe.json" : "cannot read \(path): no such file"
        throw CommandFailure("\(why).\(suggestion(path, among: known)) Recipes: \(known.joined(separator: ", "))", code: ExitCode.noInput)
    }
    let object = try mapErrors { try builder.buildModule(named) }
    if arguments.flag("json") { printJSON(["schema": 1, "module": path, "object": object]) } else { print(object) }
    return ExitCode.success
}

private func finish(_ images: [SystemImage], _ arguments: ParsedArguments) throws -> Int32 {
    if arguments.flag("json") {
        printJSON(["schema": 1, "images": images.map(imageObject)])
    } else {
        for i in images { note("image \(i.settings?.name ?? "desktop") \(hexadecimal(i.hash)): \(i.programs.count) programs, \(i.files.count) files") }
    }
    return ExitCode.success
}

@Sendable func listImage(_ arguments: ParsedArguments) throws -> Int32 {
    let image = try loadImage(arguments)
    if arguments.flag("json") { printJSON(imageObject(image)); return ExitCode.success }
    print("image \(hexadecimal(image.hash)) in \(image.directory.path)" + (image.settings.map { ": \($0.name), \($0.summary)" } ?? ""))
    for part in image.partHashes where !part.hash.isEmpty { print("  " + part.name.padding(toLength: 12, withPad: " ", startingAt: 0) + part.hash) }
    for (title, entries) in [("programs", image.programs), ("files", image.files)] where !entries.isEmpty {
        print("\(title):")
        for entry in entries {
            let size = byteCount(image, entry).map { "\($0) bytes" } ?? "missing: run 'make image'"
            print("  " + entry.name.padding(toLength: 36, withPad: " ", startingAt: 0) + entry.hash + "  " + size)
        }
    }
    return ExitCode.success
}

private func byteCount(_ image: SystemImage, _ entry: ImageEntry) -> Int? {
    try? FileManager.default.attributesOfItem(atPath: image.location(entry).path)[.size] as? Int
}

private func imageObject(_ image: SystemImage) -> [String: Any] {
    func list(_ entries: [ImageEntry]) -> [[String: Any]] { entries.map { ["name": $0.name, "hash": $0.hash, "bytes": byteCount(image, $0) ?? 0] } }
    var parts: [String: String] = [:]
    for p in image.partHashes { parts[p.name] = p.hash }
    return ["schema": 1, "name": image.settings?.name ?? "desktop", "directory": image.directory.path, "hash": hexadecimal(image.hash), "parts": parts,
            "programs": list(image.programs), "files": list(image.files)]
}
