// What a page needs beside its markup: style sheets in document order (with their imports) and pictures. Found while
// the parser runs, by looking only at nodes that are new since the last look.

import CSS
import DOM

/// A style sheet slot, in document order.
struct SheetSlot {
    enum Source { case style(NodeID), link(url: String), imported(url: String) }
    var source: Source
    var media: String
    var bytes: [UInt8]?        // nil while loading
    var isFailed = false
    var importsKnown = false
}

/// Finds resources in a growing document.
struct ResourceScanner {
    private var nextRaw: UInt32 = 1
    private(set) var slots: [SheetSlot] = []
    private(set) var imageURLs: [String] = []
    private var seenImages: Set<String> = []
    /// Limits that keep a hostile page bounded.
    static let sheetsMax = 64
    static let imagesMax = 512
    static let importDepthMax = 4

    /// Looks at new nodes; returns URLs (as written) of linked sheets and of pictures found now.
    mutating func scan(_ document: Document) -> (sheets: [Int], images: [String]) {
        var sheets: [Int] = []
        var images: [String] = []
        let limit = UInt32(document.nodeIDLimit)
        while nextRaw < limit {
            let n = NodeID(raw: nextRaw)
            nextRaw += 1
            guard document.kind(n) == .element, document.namespace(n) == .html else { continue }
            let name = document.name(n)
            if name == .img {
                if let src = document.attribute(n, .src), !src.isEmpty, seenImages.count < ResourceScanner.imagesMax, seenImages.insert(src).inserted {
                    imageURLs.append(src)
                    images.append(src)
                }
            } else if name == .style, slots.count < ResourceScanner.sheetsMax {
                slots.append(SheetSlot(source: .style(n), media: document.attribute(n, .media) ?? ""))
            } else if name == .link, slots.count < ResourceScanner.sheetsMax, isStyleSheet(document, n), let href = document.attribute(n, .href), !href.isEmpty {
                slots.append(SheetSlot(source: .link(url: href), media: document.attribute(n, .media) ?? ""))
                sheets.append(slots.count - 1)
            }
        }
        return (sheets, images)
    }

    private func isStyleSheet(_ document: Document, _ n: NodeID) -> Bool {
        guard let rel = document.attribute(n, .rel) else { return false }
        var hasStyleSheet = false, isAlternate = false
        for word in rel.split(separator: " ") {
            let lower = word.lowercased()
            if lower == "stylesheet" { hasStyleSheet = true }
            if lower == "alternate" { isAlternate = true }
        }
        return hasStyleSheet && !isAlternate
    }

    mutating func setBytes(slot: Int, _ bytes: [UInt8]?) {
        slots[slot].bytes = bytes ?? []
        slots[slot].isFailed = bytes == nil
    }
    /// Puts imported sheets before the importing one, as the cascade wants. Returns the indices of the new slots.
    mutating func insertImports(before slot: Int, urls: [String]) -> [Int] {
        var indices: [Int] = []
        var position = slot
        for url in urls where slots.count < ResourceScanner.sheetsMax {
            slots.insert(SheetSlot(source: .imported(url: url), media: ""), at: position)
            indices.append(position)
            position += 1
        }
        return indices
    }
    mutating func markImportsKnown(_ slot: Int) { slots[slot].importsKnown = true }

    var isWaitingForSheets: Bool {
        for slot in slots {
            if case .style = slot.source { continue }
            if slot.bytes == nil { return true }
        }
        return false
    }
}
