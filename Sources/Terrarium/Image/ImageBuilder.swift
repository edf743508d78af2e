// Builds the guest image: programs through `ProgramBuilder`, DejaVu fonts, documentation pages; writes `image.json`.

import Foundation
import Machine
import ProgramBuilder

public struct ImageBuilder {
    public let root: URL
    public let output: URL
    let progress: @Sendable (String) -> Void

    public init(root: URL, output: URL, progress: @escaping @Sendable (String) -> Void) {
        self.root = root
        self.output = output
        self.progress = progress
    }

    static let fontFolder = "/usr/share/fonts/truetype/dejavu"
    static let fontNames = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif", "DejaVuSerif-Bold"]

    /// Builds everything (or one program, keeping the rest of an existing image) and returns the image.
    public func build(only program: String? = nil) throws -> SystemImage {
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        var programs: [ImageEntry] = []
        do {
            let builder = try ProgramBuilder(root: root.path, output: output.path, progress: progress)
            let built = try program.map { [try builder.build(program: $0)] } ?? builder.buildAll()
            programs = built.map { ImageEntry(name: $0.name, path: relative($0.sharedObjectPath), hash: hexadecimal($0.contentHash)) }
        } catch { throw TerrariumError(.failed, "\(error)") }
        if program != nil, let old = try? SystemImage.load(output) {
            programs += old.programs.filter { entry in !programs.contains { $0.name == entry.name } }
        }
        var files: [ImageEntry] = []
        for name in ImageBuilder.fontNames { files.append(try font(name)) }
        let pages = output.appendingPathComponent("pages")
        let count = try PageSet.copy(recipe: root.appendingPathComponent("images/pages.json"), to: pages)
        progress("pages: \(count) files")
        let image = SystemImage(directory: output, programs: programs, files: files, pagesHash: hexadecimal(PageSet.hash(pages)))
        try image.save()
        return image
    }

    /// Translates one module; returns the shared object's path.
    public func buildModule(_ wasm: URL) throws -> String {
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        do {
            let name = wasm.deletingPathExtension().lastPathComponent
            return try ProgramBuilder(root: root.path, output: output.path, progress: progress).build(wasm: wasm.path, name: name).sharedObjectPath
        } catch { throw TerrariumError(.badData, "\(error)") }
    }

    private func font(_ name: String) throws -> ImageEntry {
        let path = "\(ImageBuilder.fontFolder)/\(name).ttf"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TerrariumError(.missing, "\(path) is missing; install it with 'sudo apt-get install fonts-dejavu-core' or run scripts/bootstrap")
        }
        let target = output.appendingPathComponent("fonts/\(name).ttf")
        if FileManager.default.contents(atPath: target.path) != data {
            try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: target)
        }
        let hash = [UInt8](data).withUnsafeBytes { StateHasher.hash($0) }
        return ImageEntry(name: "fonts/\(name).ttf", path: "fonts/\(name).ttf", hash: hexadecimal(hash))
    }

    private func relative(_ path: String) -> String {
        let base = output.standardizedFileURL.path + "/"
        let full = URL(fileURLWithPath: path).standardizedFileURL.path
        return full.hasPrefix(base) ? String(full.dropFirst(base.count)) : full
    }
}
