// file: addresses: what the file service holds, shown as pages; folders as lists.

import ABI
import FileClient
import Interaction
import WebNet

enum LocalFiles {
    static let byteCountMax = 16 << 20

    enum Content { case file([UInt8], type: String), folder(String), failure(String) }

    static func open(_ url: URL) -> Content {
        let path = String(decoding: PercentEncoding.decode(Array(url.path.utf8)), as: UTF8.self)
        guard let files = try? FileClient.connect() else { return .failure("The file service is not running.") }
        defer { files.close() }
        do throws(FileError) {
            let attributes = path == "/" || path.isEmpty ? nil : try files.stat(path)
            if attributes == nil || attributes?.isDirectory == true { return .folder(list(path.isEmpty ? "/" : path, try files.list(path.isEmpty ? "/" : path))) }
            return .file(try files.readFile(path, limit: byteCountMax), type: type(path))
        } catch { return .failure("The file cannot be opened: " + error.name + ".") }
    }

    /// Entries of a folder, for choosing a file; nil when it cannot be listed.
    static func folder(_ path: String) -> [FolderEntry]? {
        guard let files = try? FileClient.connect() else { return nil }
        defer { files.close() }
        return (try? files.list(path)).map { list in list.map { FolderEntry(name: $0.name, isFolder: $0.isDirectory) } }
    }
    /// A whole file, to be sent; nil when it cannot be read or is larger than is sent.
    static func content(_ path: String) -> [UInt8]? {
        guard let files = try? FileClient.connect() else { return nil }
        defer { files.close() }
        guard let attributes = try? files.stat(path), !attributes.isDirectory, attributes.byteCount <= UInt64(byteCountMax) else { return nil }
        return try? files.readFile(path, limit: byteCountMax)
    }

    private static func list(_ path: String, _ entries: [DirectoryEntry]) -> String {
        var rows = path == "/" ? "" : "<tr><td><a href=\"file://" + AboutPages.escaped(parent(path)) + "\">..</a></td><td></td></tr>"
        for e in entries {
            let full = (path == "/" ? "" : path) + "/" + e.name
            let isFolder = e.isDirectory
            rows += "<tr><td><a href=\"file://" + address(full) + "\">" + AboutPages.escaped(e.name) + (isFolder ? "/" : "") + "</a></td></tr>"
        }
        return """
        <!DOCTYPE html><html><head><title>\(AboutPages.escaped(path))</title><style>body{font-family:sans-serif;margin:20px 40px}td{padding:2px 24px 2px 0}</style></head>
        <body><h1>\(AboutPages.escaped(path))</h1><table>\(rows)</table></body></html>
        """
    }
    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
    private static func address(_ path: String) -> String {
        path.split(separator: "/").map { PercentEncoding.encodeComponent(String($0)) }.reduce("") { $0 + "/" + $1 }
    }
    static func type(_ path: String) -> String {
        let end = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
        switch end {
        case "html", "htm", "xhtml": return "text/html"
        case "txt", "md", "log", "csv", "json", "css", "js", "xml": return "text/plain"
        case "png", "jpg", "jpeg", "gif", "webp", "bmp", "ico": return "image/" + end
        default: return ""
        }
    }
}
