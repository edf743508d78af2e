// A sleeping process as bytes: a header, then its pages one by one (`processSave`, `processRestore`, `processLoadPage`).
// Whoever may end a process may save it; a restored one is a process without handles, like a clone. All numbers are
// little-endian. The kernel trusts no byte of it.

/// What an image says before its pages.
public struct ProcessImageHeader: Sendable, Equatable {
    public static let magic: UInt32 = 0x3149_5054        // "TPI1"
    public static let byteCountMax = 1 << 20

    /// Read-only mapping of a file of the boot archive.
    public struct Mapping: Sendable, Equatable {
        public var page: UInt32, pageCount: UInt32
        public var name: [UInt8]
        public init(page: UInt32, pageCount: UInt32, name: [UInt8]) {
            self.page = page
            self.pageCount = pageCount
            self.name = name
        }
    }
    /// Content hash of the program: an image is of use to exactly this one.
    public var programHash: UInt64
    /// Handle numbers of the restored process begin above those that lie dead in its memory.
    public var handleGeneration: UInt32
    /// Registers and globals.
    public var globals: [UInt8]
    /// Ascending by page.
    public var mappings: [Mapping]
    /// The pages that can be asked for, ascending; all others are zero.
    public var pages: [UInt32]

    public init(programHash: UInt64, handleGeneration: UInt32, globals: [UInt8], mappings: [Mapping], pages: [UInt32]) {
        self.programHash = programHash
        self.handleGeneration = handleGeneration
        self.globals = globals
        self.mappings = mappings
        self.pages = pages
    }
    public func emit(_ w: inout ByteWriter) {
        w.u32(ProcessImageHeader.magic)
        w.u64(programHash)
        w.u32(handleGeneration)
        w.u32(UInt32(globals.count))
        w.raw(globals)
        w.u32(UInt32(mappings.count))
        for m in mappings {
            w.u32(m.page)
            w.u32(m.pageCount)
            w.u16(UInt16(m.name.count))
            w.raw(m.name)
        }
        w.u32(UInt32(pages.count))
        for page in pages { w.u32(page) }
    }
    /// Nil when the bytes are no header, or more than one.
    public static func parse(_ bytes: [UInt8]) -> ProcessImageHeader? {
        var r = ByteReader(bytes)
        guard r.u32() == magic, let hash = r.u64(), let generation = r.u32(), let globalCount = r.u32(), let globals = r.raw(Int(globalCount)),
              let mappingCount = r.u32(), mappingCount <= 4096 else { return nil }
        var mappings: [Mapping] = []
        for _ in 0..<mappingCount {
            guard let page = r.u32(), let pageCount = r.u32(), let length = r.u16(), let name = r.raw(Int(length)) else { return nil }
            mappings.append(Mapping(page: page, pageCount: pageCount, name: name))
        }
        guard let count = r.u32(), count <= 65536 else { return nil }
        var pages: [UInt32] = []
        for _ in 0..<count {
            guard let page = r.u32(), page < 65536, pages.last.map({ $0 < page }) ?? true else { return nil }
            pages.append(page)
        }
        guard r.rest().isEmpty else { return nil }
        return ProcessImageHeader(programHash: hash, handleGeneration: generation, globals: globals, mappings: mappings, pages: pages)
    }
}

/// How the bytes of a page begin.
public enum PageImageKind: UInt8, Sendable {
    /// One 32-bit word, repeated.
    case word = 0
    /// 65,536 bytes.
    case raw
    /// An LZ4 block of a page.
    case packed
    /// A page of any kind has at most so many bytes.
    public static let byteCountMax = Limits.pageByteCount + 1
}
