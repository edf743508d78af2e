// The guest image on the host's disk: programs as native objects and the files of the boot archive, listed by
// `image.json`. The image hash covers every byte that the guest can see, and the sources of the simulator that runs it,
// so that a trace names what it was recorded on.

import Foundation
import Machine

/// A program or file of the image.
public struct ImageEntry: Codable, Equatable, Sendable {
    public var name: String
    /// Relative to the image's folder, or absolute.
    public var path: String
    /// Hash of the content that the guest sees: a program's metered module, a file's bytes. Hexadecimal.
    public var hash: String
    public init(name: String, path: String, hash: String) { self.name = name; self.path = path; self.hash = hash }
}

public struct SystemImage: Sendable {
    struct Manifest: Codable {
        var schema: Int
        var programs: [ImageEntry]
        var files: [ImageEntry]
        var pagesHash: String
        var system: String?
        var settings: ImageSettings?
    }
    public let directory: URL
    public let programs: [ImageEntry]
    public let files: [ImageEntry]
    /// Hash of the pages that the built-in page server offers.
    public let pagesHash: String
    /// Hash of the simulator's sources that decide a run (`SystemIdentity`); empty for an image made in memory.
    public let system: String
    /// How an image with a recipe is run; nil for the desktop.
    public let settings: ImageSettings?
    public var pagesDirectory: URL { directory.appendingPathComponent("pages") }

    public init(directory: URL, programs: [ImageEntry], files: [ImageEntry], pagesHash: String, system: String = "", settings: ImageSettings? = nil) {
        self.directory = directory
        self.programs = programs.sorted { $0.name < $1.name }
        self.files = files.sorted { $0.name < $1.name }
        self.pagesHash = pagesHash
        self.system = system
        self.settings = settings
    }

    /// Reads `image.json` below `directory`. Throws `missing` (with the command that builds it) or `badData`.
    public static func load(_ directory: URL) throws -> SystemImage {
        let path = directory.appendingPathComponent("image.json")
        guard let data = FileManager.default.contents(atPath: path.path) else {
            throw TerrariumError(.missing, "there is no guest image at \(directory.path); build it with 'simctl image build' or 'make image'")
        }
        do {
            let m = try JSONDecoder().decode(Manifest.self, from: data)
            guard m.schema == 1 else { throw TerrariumError(.badData, "\(path.path) has schema \(m.schema), this simctl reads 1; run 'make image'") }
            return SystemImage(directory: directory, programs: m.programs, files: m.files, pagesHash: m.pagesHash, system: m.system ?? "", settings: m.settings)
        } catch is DecodingError {
            throw TerrariumError(.badData, "\(path.path) is damaged; run 'make image' to build it again")
        }
    }

    public func save() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let manifest = Manifest(schema: 1, programs: programs, files: files, pagesHash: pagesHash, system: system, settings: settings)
        try encoder.encode(manifest).write(to: directory.appendingPathComponent("image.json"), options: .atomic)
    }

    public func location(_ entry: ImageEntry) -> URL {
        entry.path.hasPrefix("/") ? URL(fileURLWithPath: entry.path) : directory.appendingPathComponent(entry.path).standardizedFileURL
    }

    /// The parts of the identity, in a fixed order. A trace carries each, so that a refusal can say which one differs.
    public var partHashes: [(name: String, hash: String)] {
        func hash(_ entries: [ImageEntry]) -> String {
            var hasher = StateHasher()
            for entry in entries {
                hasher.add(entry.name)
                hasher.add(entry.hash)
            }
            return hexadecimal(hasher.value)
        }
        return [("programs", hash(programs)), ("files", hash(files)), ("pages", pagesHash), ("system", system)]
    }

    /// One number for everything in the image.
    public var hash: UInt64 {
        var hasher = StateHasher()
        for part in partHashes { hasher.add(part.hash) }
        return hasher.value
    }

    /// Files and programs that the image lists and that are gone.
    public var missing: [ImageEntry] { (programs + files).filter { !FileManager.default.fileExists(atPath: location($0).path) } }

    /// Why a trace with these parameters was not recorded on this image: the parts that differ, in words; empty when the
    /// trace does not carry them (older ones).
    public func differences(_ configuration: MachineConfiguration) -> [String] {
        partHashes.compactMap { part in
            guard let recorded = configuration.parameter("image." + part.name), recorded != part.hash else { return nil }
            return part.name
        }
    }
}
