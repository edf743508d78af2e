// What a page needs beside its markup: style sheets in document order (with their imports) and pictures. Found while
// the parser runs, by looking only at nodes that are new since the last look (HTML §4.2.4, §4.2.6, §4.8.3).

import DOM

/// A style sheet found in the document.
struct FoundSheet {
    enum Source { case style(NodeID), link(String) }
    var source: Source
    var media: String
}

/// Finds resources in a growing document. Limits keep a hostile page bounded.
struct ResourceScanner {
    static let sheetsMax = 64
    static let imagesMax = 512

    private var nextRaw: UInt32 = 1
    private var sheetCount = 0
    private var imageCount = 0
    private var hasBase = false
    /// `iframe` elements that are new since the last look.
    private var frames: [NodeID] = []
    mutating func takeFrames() -> [NodeID] {
        let found = frames
        frames = []
        return found
    }
    /// The last icon that the document names (HTML §4.6.7.8: of equals the last).
    private(set) var icon: String?

    /// Looks at new nodes; returns style sheets in document order, picture addresses (as written) and the base
    /// element's address found now.
    mutating func scan(_ document: Document) -> (sheets: [FoundSheet], images: [String], base: String?) {
        var found: [FoundSheet] = []
        var images: [String] = []
        var base: String?
        let limit = UInt32(document.nodeIDLimit)
        while nextRaw < limit {
            let n = NodeID(raw: nextRaw)
            nextRaw += 1
            guard document.kind(n) == .element, document.namespace(n) == .html else { continue }
            let name = document.name(n)
            if name == .img {
                if imageCount < ResourceScanner.imagesMax, let src = document.attribute(n, .src), !src.isEmpty {
                    imageCount += 1
                    images.append(src)
                }
            } else if name == .iframe {
                if frames.count < PageFrames.elementsMax { frames.append(n) }
            } else if name == .base, !hasBase, let href = document.attribute(n, .href) {
                hasBase = true
                base = href
            } else if name == .style, sheetCount < ResourceScanner.sheetsMax {
                sheetCount += 1
                found.append(FoundSheet(source: .style(n), media: document.attribute(n, .media) ?? ""))
            } else if name == .link, let href = iconAddress(document, n) {
                icon = href
            } else if name == .link, sheetCount < ResourceScanner.sheetsMax, let sheet = linkedSheet(document, n) {
                sheetCount += 1
                found.append(sheet)
            }
        }
        return (found, images, base)
    }

    private func iconAddress(_ document: Document, _ n: NodeID) -> String? {
        guard let rel = document.attribute(n, .rel), let href = document.attribute(n, .href), !href.isEmpty else { return nil }
        for word in rel.split(separator: " ") where word.lowercased() == "icon" { return href }
        return nil
    }

    private func linkedSheet(_ document: Document, _ n: NodeID) -> FoundSheet? {
        guard let rel = document.attribute(n, .rel), let href = document.attribute(n, .href), !href.isEmpty else { return nil }
        var isSheet = false
        for word in rel.split(separator: " ") {
            let lower = word.lowercased()
            if lower == "stylesheet" { isSheet = true }
            if lower == "alternate" { return nil }
        }
        return isSheet ? FoundSheet(source: .link(href), media: document.attribute(n, .media) ?? "") : nil
    }
}
