// The guest image on the host's disk: programs as native objects and the files of the boot archive, listed by
// `image.json`. The image hash covers every byte that the guest can see, so that a trace names what it was recorded on.

import Foundation
import Machine

/// A problem that a person can mend, with the way out in its message.
public struct TerrariumError: Error, CustomStringConvertible {
    public enum Kind: Sendable { case missing, badData, unavailable, failed }
    public let kind: Kind
    public let message: String
    public init(_ kind: Kind, _ message: String) { self.kind = kind; self.message = message }
    public var description: String { message }
}

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
    }
    public let directory: URL
    public let programs: [ImageEntry]
    public let files: [ImageEntry]
    /// Hash of the pages that the built-in page server offers.
    public let pagesHash: String
    public var pagesDirectory: URL { directory.appendingPathComponent("pages") }

    public init(directory: URL, programs: [ImageEntry], files: [ImageEntry], pagesHash: String) {
        self.pagesHash = pagesHash
        self.directory = directory
        self.programs = programs.sorted { $0.name < $1.name }
        self.files = files.sorted { $0.name < $1.name }
    }

    /// Reads `image.json` below `directory`.
    public static func load(_ directory: URL) throws -> SystemImage {
        let path = directory.appendingPathComponent("image.json")
        guard let data = FileManager.default.contents(atPath: path.path) else {
            throw TerrariumError(.missing, "there is no guest image at \(directory.path); build it with 'simctl image build' or 'make image'")
        }
        do {
            let manifest = try JSONDecoder().decode(Manifest.self, from: data)
            guard manifest.schema == 1 else { throw TerrariumError(.badData, "\(path.path) has schema \(manifest.schema), this simctl reads 1; run 'make image'") }
            return SystemImage(directory: directory, programs: manifest.programs, files: manifest.files, pagesHash: manifest.pagesHash)
        } catch is DecodingError {
            throw TerrariumError(.badData, "\(path.path) is damaged; run 'make image' to build it again")
        }
    }

    public func save() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(Manifest(schema: 1, programs: programs, files: files, pagesHash: pagesHash)).write(to: directory.appendingPathComponent("image.json"))
    }

    public func location(_ entry: ImageEntry) -> URL {
        entry.path.hasPrefix("/") ? URL(fileURLWithPath: entry.path) : directory.appendingPathComponent(entry.path)
    }

    /// One number for everything in the image.
    public var hash: UInt64 {
        var hasher = StateHasher()
        for entry in programs + files {
            hasher.add(entry.name)
            hasher.add(entry.hash)
        }
        hasher.add(pagesHash)
        return hasher.value
    }
}
