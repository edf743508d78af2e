// `simctl image build|list`: programs to native objects, fonts and pages into the image.

import Foundation
import Terrarium

let imageBuildCommand = Command(
    words: ["image", "build"], arguments: "[FILE.wasm]", summary: "build the guest image (programs, fonts, pages)",
    details: """
    Compiles every program of images/programs.json: Swift to WebAssembly, exact metering, WebAssembly to native code.
    What has not changed is not built again. With a .wasm file, builds just that module (refusing imports and features
    that the machine does not offer) and prints the object's path.
    """,
    options: [
        OptionSpecification("program", "NAME", "build only this program"),
        OptionSpecification("output", "DIR", "where the image goes (default images/out)"),
        OptionSpecification("json", nil, "print the result as JSON"),
    ],
    argumentCount: 0...1, run: buildImage)

let imageListCommand = Command(
    words: ["image", "list"], arguments: "", summary: "list what is in the guest image", details: "",
    options: [
        OptionSpecification("image", "DIR", "guest image (default images/out)"),
        OptionSpecification("json", nil, "print as JSON"),
    ],
    argumentCount: 0...0, run: listImage)

@Sendable func buildImage(_ arguments: ParsedArguments) throws -> Int32 {
    let root = projectDirectory()
    let output = arguments.string("output").map { URL(fileURLWithPath: $0) } ?? root.appendingPathComponent("images/out")
    let builder = ImageBuilder(root: root, output: output) { line in note(line) }
    if let path = arguments.arguments.first {
        guard FileManager.default.fileExists(atPath: path) else { throw CommandFailure("cannot read \(path): no such file", code: ExitCode.noInput) }
        print(try mapErrors { try builder.buildModule(URL(fileURLWithPath: path)) })
        return ExitCode.success
    }
    let image = try mapErrors { try builder.build(only: arguments.string("program")) }
    if arguments.flag("json") { try printJSON(image) } else { note("image \(hexadecimal(image.hash)): \(image.programs.count) programs, \(image.files.count) files") }
    return ExitCode.success
}

@Sendable func listImage(_ arguments: ParsedArguments) throws -> Int32 {
    let image = try loadImage(arguments)
    if arguments.flag("json") { try printJSON(image); return ExitCode.success }
    print("image \(hexadecimal(image.hash)) in \(image.directory.path)")
    for (title, entries) in [("programs", image.programs), ("files", image.files)] {
        print("\(title):")
        for entry in entries {
            let size = (try? FileManager.default.attributesOfItem(atPath: image.location(entry).path)[.size] as? Int) ?? 0
            print("  " + entry.name.padding(toLength: 36, withPad: " ", startingAt: 0) + entry.hash + "  \(size) bytes")
        }
    }
    return ExitCode.success
}

private func printJSON(_ image: SystemImage) throws {
    let object: [String: Any] = [
        "schema": 1, "hash": hexadecimal(image.hash),
        "programs": image.programs.map { ["name": $0.name, "hash": $0.hash] }, "files": image.files.map { ["name": $0.name, "hash": $0.hash] },
    ]
    let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted])
    print(String(decoding: data, as: UTF8.self))
}
