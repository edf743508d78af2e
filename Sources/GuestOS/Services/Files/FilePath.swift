// Paths, normalised by their text alone: there are no links, so `..` means the component before it, and never leaves the
// root. Names are compared as UTF-8 bytes; canonically equivalent spellings are different names.

import ABI

typealias FileName = [UInt8]

enum FilePath {
    /// Components of a path; a path without a leading `/` begins at the root too.
    static func components(_ path: String) throws(FileError) -> [FileName] {
        let bytes = Array(path.utf8)
        if bytes.isEmpty || bytes.count > FileLimits.pathByteCountMax { throw .invalidName }
        var out: [FileName] = []
        for part in bytes.split(separator: 47) {
            let name = Array(part)
            if name == [46] { continue }
            if name == [46, 46] { _ = out.popLast(); continue }
            try check(name)
            out.append(name)
        }
        return out
    }
    /// Control characters would make listings lie.
    private static func check(_ name: FileName) throws(FileError) {
        if name.count > FileLimits.nameByteCountMax { throw .invalidName }
        for b in name where b < 32 || b == 127 { throw .invalidName }
    }
    /// True when a path written so must name a directory.
    static func endsInSlash(_ path: String) -> Bool { path.utf8.last == 47 }

    static func isBefore(_ a: FileName, _ b: FileName) -> Bool { a.lexicographicallyPrecedes(b) }
}
