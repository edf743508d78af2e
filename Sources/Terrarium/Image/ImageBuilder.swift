// Builds guest images: programs through `ProgramBuilder`, DejaVu fonts, documentation pages; writes `image.json`. The
// desktop's image is `images/out`; images with a recipe lie in a folder of their own below it and share its programs and
// its cache.

import Foundation
import Machine
import ProgramBuilder

public struct ImageBuilder {
    public let root: URL
    public let output: URL
    let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - root: the project's folder.
    ///   - output: the desktop's image, usually `images/out` in it.
    ///   - progress: receives a line for each step that was done.
    public init(root: URL, output: URL, progress: @escaping @Sendable (String) -> Void) {
        self.root = root
        self.output = output
        self.progress = progress
    }

    static let fontFolder = "/usr/share/fonts/truetype/dejavu"
    static let fontNames = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif", "DejaVuSerif-Bold"]

    private var systemHash: String { SystemIdentity.hash(root: root).map { hexadecimal($0) } ?? "" }

    /// Builds the desktop (or one program, keeping the rest of an existing image) and returns the image.
    public func build(only program: String? = nil) throws -> SystemImage {
        try makeFolder(output)
        var programs: [ImageEntry] = []
        do {
            let builder = try ProgramBuilder(root: root.path, output: output.path, progress: progress)
            let built = try program.map { [try builder.build(program: $0)] } ?? builder.buildAll()
            programs = built.map { entry($0, as: $0.name, relativeTo: output) }
        } catch { throw TerrariumError(.failed, "\(error)") }
        if program != nil, let old = try? SystemImage.load(output) {
            programs += old.programs.filter { entry in !programs.contains { $0.name == entry.name } }
        }
        var files: [ImageEntry] = []
        for name in ImageBuilder.fontNames { files.append(try font(name)) }
        let pages = output.appendingPathComponent("pages")
        let count = try PageSet.copy(recipe: root.appendingPathComponent("images/pages.json"), to: pages) + PageGenerator.write(to: pages)
        progress("pages: \(count) files")
        let image = SystemImage(directory: output, programs: programs, files: files, pagesHash: hexadecimal(PageSet.hash(pages)), system: systemHash)
        try image.save()
        try refreshOthers(than: image)
        return image
    }

    /// Builds the image of a recipe.
    public func build(recipe: ImageRecipe) throws -> SystemImage {
        let target = output.appendingPathComponent(recipe.name)
        try makeFolder(target)
        var programs: [ImageEntry] = []
        do {
            let common = try ProgramRecipes.load(root: root.path)
            let own = recipe.file.programs.compactMap { p in p.module.map { ProgramRecipes.Recipe(name: p.name, module: $0, stackKilobytes: p.stackKilobytes, memoryPagesMax: p.memoryPagesMax) } }
            let all = ProgramRecipes(modules: common.modules, programs: own + common.programs.filter { c in !own.contains { $0.name == c.name } })
            let builder = try ProgramBuilder(root: root.path, output: output.path, recipes: all, progress: progress)
            let built = try builder.buildAll(only: recipe.file.programs.filter { $0.sameAs == nil }.map(\.name))
            for p in recipe.file.programs {
                let source = p.sameAs ?? p.name
                guard let b = built.first(where: { $0.name == source }) else { throw BuildError("program \(p.name): sameAs names '\(source)', which is itself the same as another") }
                programs.append(entry(b, as: p.name, relativeTo: target))
            }
        } catch { throw TerrariumError(.failed, "\(recipe.folder.path): \(error)") }
        let files = try (recipe.file.files ?? []).map { try archiveFile($0, recipe) }
        let image = SystemImage(directory: target, programs: programs, files: files, pagesHash: "", system: systemHash, settings: recipe.settings)
        try image.save()
        try refreshOthers(than: image)
        return image
    }

    /// A program that was built again replaces its object, which other images may list: their entries follow.
    private func refreshOthers(than image: SystemImage) throws {
        let folders = [output] + ImageRecipe.all(root: root).compactMap { try? ImageRecipe.load($0).name }.map { output.appendingPathComponent($0) }
        for folder in folders where folder.standardizedFileURL != image.directory.standardizedFileURL {
            guard let other = try? SystemImage.load(folder), !other.missing.isEmpty else { continue }
            let programs = other.programs.map { entry -> ImageEntry in
                let stem = ImageBuilder.programName(entry)
                guard !FileManager.default.fileExists(atPath: other.location(entry).path), let now = image.programs.first(where: { ImageBuilder.programName($0) == stem }) else { return entry }
                return ImageEntry(name: entry.name, path: relative(image.location(now).path, to: folder), hash: now.hash)
            }
            try SystemImage(directory: folder, programs: programs, files: other.files, pagesHash: other.pagesHash, system: other.system, settings: other.settings).save()
        }
    }
    /// `demo` for `../programs/demo-0123456789abcdef.so`.
    static func programName(_ entry: ImageEntry) -> String { String((entry.path as NSString).lastPathComponent.dropLast(".so".count + 17)) }

    /// The image of a recipe as it was built, or built now when it is not there or not of this recipe.
    public func ensure(recipe: ImageRecipe) throws -> SystemImage {
        if let image = try? SystemImage.load(output.appendingPathComponent(recipe.name)), image.missing.isEmpty, image.settings?.recipeHash == hexadecimal(recipe.hash) { return image }
        progress("building the image '\(recipe.name)' (only what is missing)")
        return try build(recipe: recipe)
    }

    /// Translates one module; returns the shared object's path.
    public func buildModule(_ wasm: URL) throws -> String {
        try makeFolder(output)
        do {
            let name = wasm.deletingPathExtension().lastPathComponent
            return try ProgramBuilder(root: root.path, output: output.path, progress: progress).build(wasm: wasm.path, name: name).sharedObjectPath
        } catch { throw TerrariumError(.badData, "\(error)") }
    }

    // MARK: Entries

    private func makeFolder(_ url: URL) throws {
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw TerrariumError(.failed, "cannot make the folder \(url.path); check that its parent exists and is writable")
        }
    }
    private func entry(_ b: BuiltProgram, as name: String, relativeTo folder: URL) -> ImageEntry {
        ImageEntry(name: name, path: relative(b.sharedObjectPath, to: folder), hash: hexadecimal(b.contentHash))
    }
    private func font(_ name: String) throws -> ImageEntry {
        let path = "\(ImageBuilder.fontFolder)/\(name).ttf"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TerrariumError(.missing, "\(path) is missing; install it with 'sudo apt-get install fonts-dejavu-core' or run scripts/bootstrap")
        }
        let target = output.appendingPathComponent("fonts/\(name).ttf")
        if FileManager.default.contents(atPath: target.path) != data {
            try makeFolder(target.deletingLastPathComponent())
            try data.write(to: target)
        }
        return ImageEntry(name: "fonts/\(name).ttf", path: "fonts/\(name).ttf", hash: hexadecimal(contentHash(data)))
    }
    /// Copied into the image, so that it stays whole when the recipe's folder changes.
    private func archiveFile(_ file: ImageRecipe.File.ArchiveEntry, _ recipe: ImageRecipe) throws -> ImageEntry {
        let source = recipe.folder.appendingPathComponent(file.path)
        guard let data = FileManager.default.contents(atPath: source.path) else { throw TerrariumError(.missing, "\(source.path), listed in \(recipe.folder.path)/recipe.json, is missing") }
        let name = "files/" + file.name.replacingOccurrences(of: "/", with: "-")
        let target = output.appendingPathComponent(recipe.name).appendingPathComponent(name)
        try makeFolder(target.deletingLastPathComponent())
        try data.write(to: target, options: .atomic)
        return ImageEntry(name: file.name, path: name, hash: hexadecimal(contentHash(data)))
    }
    private func contentHash(_ data: Data) -> UInt64 { [UInt8](data).withUnsafeBytes { StateHasher.hash($0) } }

    private func relative(_ path: String, to folder: URL) -> String {
        let base = output.standardizedFileURL.path + "/"
        let full = URL(fileURLWithPath: path).standardizedFileURL.path
        guard full.hasPrefix(base) else { return full }
        let inside = String(full.dropFirst(base.count))
        return folder.standardizedFileURL.path + "/" == base ? inside : "../" + inside
    }
}
