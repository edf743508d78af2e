// The file of a sleeping tab (docs/formats/browser-state.md): magic, the tab's clock, then records of a number, a count,
// bytes and a checksum: the header of its process image, its pages, and an empty one that says the file is whole. What
// stands in it need not be trusted: the kernel checks what matters, and the rest is only the tab's own memory.

import ABI
import FileClient
import Runtime

enum TabImageFile {
    static let magic: UInt32 = 0x3149_4254              // "TBI1"
    /// Numbers of records that are no pages.
    static let header: UInt32 = .max - 1, end: UInt32 = .max

    /// FNV-1a over 64-bit pieces; the last one is filled up with zeros.
    static func checksum(_ number: UInt32, _ bytes: [UInt8]) -> UInt64 {
        var h: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(number) << 32 ^ UInt64(bytes.count)
        bytes.withUnsafeBytes { b in
            var i = 0
            while i + 8 <= b.count {
                h = (h ^ b.loadUnaligned(fromByteOffset: i, as: UInt64.self)) &* 0x100_0000_01b3
                i += 8
            }
            var tail: UInt64 = 0
            while i < b.count {
                tail = tail << 8 | UInt64(b[i])
                i += 1
            }
            h = (h ^ tail) &* 0x100_0000_01b3
        }
        return h
    }
    static func emit(_ number: UInt32, _ bytes: [UInt8], into w: inout ByteWriter) {
        w.u32(number)
        w.u32(UInt32(bytes.count))
        w.raw(bytes)
        w.u64(checksum(number, bytes))
    }
}

/// Writes the image of one sleeping process, a piece each time it is asked.
final class TabImageWriter {
    enum Progress { case more, wait, done, failed }
    private static let pieceByteCount = 200_000
    private static let waitsMax = 500
    let tab: UInt32
    let path: String
    private let process: ProcessHandle
    private let files: FileClient
    private var file: OpenedFile?
    private var pages: [UInt32] = []
    private var next = 0, position: UInt64 = 0, waitCount = 0

    /// `clock`: what the process's clock shows now. Nil: it does not sleep, or there is no file to be had.
    init?(_ process: ProcessHandle, tab: UInt32, path: String, clock: UInt64, files: FileClient) {
        self.process = process
        self.tab = tab
        self.path = path
        self.files = files
        guard let header = try? process.save(page: -1), let parsed = ProcessImageHeader.parse(header),
              let opened = try? files.open(path + ".new", [.write, .create, .truncate]) else { return nil }
        file = opened
        pages = parsed.pages
        var w = ByteWriter()
        w.u32(TabImageFile.magic)
        w.u64(clock)
        TabImageFile.emit(TabImageFile.header, header, into: &w)
        if !append(w.bytes) { abandon(); return nil }
    }
    private func append(_ bytes: [UInt8]) -> Bool {
        guard let file else { return false }
        do throws(FileError) { try files.write(file, at: position, bytes) } catch { return false }
        position += UInt64(bytes.count)
        return true
    }
    func step() -> Progress {
        var w = ByteWriter()
        while next < pages.count, w.bytes.count < TabImageWriter.pieceByteCount {
            do throws(SystemError) {
                TabImageFile.emit(pages[next], try process.save(page: Int64(pages[next])), into: &w)
                next += 1
                waitCount = 0
            } catch {
                waitCount += 1
                guard error == .wouldBlock, waitCount < TabImageWriter.waitsMax, append(w.bytes) else { return fail() }
                return .wait
            }
        }
        guard append(w.bytes) else { return fail() }
        return next < pages.count ? .more : finish()
    }
    private func finish() -> Progress {
        var w = ByteWriter()
        TabImageFile.emit(TabImageFile.end, [], into: &w)
        guard append(w.bytes), let file else { return fail() }
        do throws(FileError) {
            try files.close(file)
            self.file = nil
            try files.rename(path + ".new", to: path)
            return .done
        } catch { return fail() }
    }
    private func fail() -> Progress { abandon(); return .failed }
    /// The tab woke, or there is no room: nothing stays behind.
    func abandon() {
        if let file { try? files.close(file) }
        file = nil
        try? files.remove(path + ".new")
    }
}

/// Reads such a file, record by record.
final class TabImageReader {
    private let files: FileClient
    private let file: OpenedFile
    private var position: UInt64 = 0
    private var buffer: [UInt8] = [], at = 0
    /// Of the process when it was saved.
    private(set) var clock: UInt64 = 0
    private(set) var header: [UInt8] = []

    /// Nil when the file is missing or does not begin like one.
    init?(_ path: String, files: FileClient) {
        guard let file = try? files.open(path, .read) else { return nil }
        self.files = files
        self.file = file
        var start = ByteReader(take(12) ?? [])
        guard start.u32() == TabImageFile.magic, let clock = start.u64(), let first = record(), first.number == TabImageFile.header else {
            close()
            return nil
        }
        self.clock = clock
        header = first.bytes
    }
    private func take(_ count: Int) -> [UInt8]? {
        while buffer.count - at < count {
            guard let more = try? files.read(file, at: position, count: FileClient.sharedByteCount), !more.isEmpty else { return nil }
            position += UInt64(more.count)
            buffer = (at == buffer.count ? [] : Array(buffer[at...])) + more
            at = 0
        }
        at += count
        return Array(buffer[(at - count)..<at])
    }
    private func record() -> (number: UInt32, bytes: [UInt8])? {
        var r = ByteReader(take(8) ?? [])
        guard let number = r.u32(), let count = r.u32(), count <= UInt32(ProcessImageHeader.byteCountMax), let bytes = take(Int(count)) else { return nil }
        var sum = ByteReader(take(8) ?? [])
        return sum.u64() == TabImageFile.checksum(number, bytes) ? (number, bytes) : nil
    }
    /// Gives a restored process its pages. False: the file is not whole, or memory is short; it must not run then.
    func load(into process: ProcessHandle) -> Bool {
        while let r = record() {
            if r.number == TabImageFile.end { return true }
            do throws(SystemError) { try process.load(page: r.number, r.bytes) } catch { return false }
        }
        return false
    }
    func close() { try? files.close(file) }
}
