// Files that are saved instead of shown (TAB-012…TAB-015). Written piece by piece, so that nothing large is held; what is
// left of a failed download is removed.

import ABI
import FileClient
import Runtime
import TabProtocol
import WebNet

/// One file on its way from a server into the file service.
final class FileDownload {
    /// Folders to try; the first in which a file can be made is used.
    static let folders = ["/data/downloads", "/tmp/downloads"]
    static let reportNanoseconds: UInt64 = 250_000_000

    let number: UInt32
    let total: UInt64
    private let report: (TabReport) -> Void
    private var files: FileClient?
    private var file: OpenedFile?
    private var path: String
    private var received: UInt64 = 0
    private var lastReport: UInt64 = 0

    init(number: UInt32, name: String, total: UInt64, report: @escaping (TabReport) -> Void) {
        self.number = number; self.total = total; self.report = report
        path = name
        files = try? FileClient.connect()
        if let files { for folder in FileDownload.folders where file == nil { create(files, folder, name) } }
        tell(.running)
    }
    private enum State: UInt8 { case running = 0, done, failed }
    private func tell(_ state: State) {
        lastReport = System.now
        report(.download(number: number, state: state.rawValue, received: received, total: total, path: path))
    }

    /// A name that is not taken yet: `a.zip`, `a (1).zip`, …
    private func create(_ files: FileClient, _ folder: String, _ name: String) {
        try? files.makeDirectory(folder)
        let dot = name.lastIndex(of: ".").flatMap { $0 == name.startIndex ? nil : $0 } ?? name.endIndex
        for n in 0..<100 {
            let candidate = folder + "/" + (n == 0 ? name : String(name[..<dot]) + " (\(n))" + String(name[dot...]))
            if let made = try? files.open(candidate, [.write, .create, .exclusive]) {
                file = made
                path = candidate
                return
            }
        }
    }

    /// False when it cannot go on: no file service, no room.
    func take(_ bytes: [UInt8]) -> Bool {
        guard let files, let file else { return false }
        do throws(FileError) { try files.write(file, at: received, bytes) } catch { return false }
        received += UInt64(bytes.count)
        if System.now - lastReport >= FileDownload.reportNanoseconds { tell(.running) }
        return true
    }
    func finish() {
        guard let files, let file else { fail(); return }
        try? files.close(file)
        files.close()
        tell(.done)
    }
    func fail() {
        if let files, let file {
            try? files.close(file)
            try? files.remove(path)
        }
        files?.close()
        tell(.failed)
    }

    /// The name to save a response under: of Content-Disposition (RFC 6266), else the last part of the path.
    static func name(_ response: HTTPResponse) -> String {
        if let field = response.headers.first("Content-Disposition"), let name = fileName(field) { return safe(name) }
        let last = response.url.path.split(separator: "/").last.map { String($0) } ?? ""
        return safe(String(decoding: PercentEncoding.decode(Array(last.utf8)), as: UTF8.self))
    }
    static func isAttachment(_ response: HTTPResponse) -> Bool {
        guard let field = response.headers.first("Content-Disposition") else { return false }
        let type = field.prefix { $0 != ";" && $0 != " " }
        return type.lowercased() == "attachment"
    }
    /// `filename*=UTF-8''…` before `filename="…"`.
    static func fileName(_ field: String) -> String? {
        var plain: String?
        for part in parameters(field) {
            if part.name == "filename*" {
                let pieces = part.value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
                if pieces.count == 3 { return String(decoding: PercentEncoding.decode(Array(pieces[2].utf8)), as: UTF8.self) }
            } else if part.name == "filename" { plain = part.value }
        }
        return plain
    }
    private static func parameters(_ field: String) -> [(name: String, value: String)] {
        let b = Array(field.utf8)
        var out: [(name: String, value: String)] = [], i = 0
        while i < b.count, b[i] != 59 { i += 1 }
        while i < b.count {
            while i < b.count, b[i] == 59 || b[i] == 32 || b[i] == 9 { i += 1 }
            var name: [UInt8] = [], value: [UInt8] = []
            while i < b.count, b[i] != 61, b[i] != 59 { if b[i] != 32 { name.append(b[i] >= 65 && b[i] <= 90 ? b[i] | 32 : b[i]) }; i += 1 }
            if i < b.count, b[i] == 61 {
                i += 1
                if i < b.count, b[i] == 34 {
                    i += 1
                    while i < b.count, b[i] != 34 { if b[i] == 92, i + 1 < b.count { i += 1 }; value.append(b[i]); i += 1 }
                    i += 1
                } else { while i < b.count, b[i] != 59 { value.append(b[i]); i += 1 } }
            }
            if !name.isEmpty { out.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))) }
        }
        return out
    }
    /// One path component without surprises.
    static func safe(_ name: String) -> String {
        var bytes: [UInt8] = []
        for b in name.utf8 where bytes.count < 120 { bytes.append(b < 32 || b == 47 || b == 92 || b == 127 ? 95 : b) }
        while let last = bytes.last, last & 0xC0 == 0x80 || last >= 0xC0, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
        while bytes.first == 46 || bytes.first == 32 { bytes.removeFirst() }
        return bytes.isEmpty ? "download" : String(decoding: bytes, as: UTF8.self)
    }
}
