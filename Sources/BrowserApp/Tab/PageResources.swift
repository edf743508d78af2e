// What a page needs beside its markup: style sheets in document order (with their imports) and pictures. Found while
// the parser runs, by looking only at nodes that are new since the last look (HTML §4.2.4, §4.2.6, §4.8.3).

import DOM

/// A style sheet of the page.
final class PageSheet {
    enum Source { case style(NodeID), link(String) }
    let source: Source
    let media: String
    let importDepth: Int
    /// The sheet's text; nil while it loads. A sheet that failed is empty.
    var bytes: [UInt8]?
    var baseURL = ""
    var imports: [PageSheet] = []
    var hasSeenImports = false

    init(_ source: Source, media: String, importDepth: Int = 0) { self.source = source; self.media = media; self.importDepth = importDepth }

    var isWaiting: Bool {
        if case .link = source, bytes == nil { return true }
        for sheet in imports where sheet.isWaiting { return true }
        return false
    }
}

/// Finds resources in a growing document. Limits keep a hostile page bounded.
struct ResourceScanner {
    static let sheetsMax = 64
    static let imagesMax = 512
    static let importDepthMax = 4

    private var nextRaw: UInt32 = 1
    private(set) var sheets: [PageSheet] = []
    private var imageCount = 0

    /// Looks at new nodes; returns linked sheets and picture addresses (as written) found now.
    mutating func scan(_ document: Document) -> (sheets: [PageSheet], images: [String]) {
        var found: [PageSheet] = []
        var images: [String] = []
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
            } else if name == .style, sheets.count < ResourceScanner.sheetsMax {
                sheets.append(PageSheet(.style(n), media: document.attribute(n, .media) ?? ""))
            } else if name == .link, sheets.count < ResourceScanner.sheetsMax, let sheet = linkedSheet(document, n) {
                sheets.append(sheet)
                found.append(sheet)
            }
        }
        return (found, images)
    }

    private func linkedSheet(_ document: Document, _ n: NodeID) -> PageSheet? {
        guard let rel = document.attribute(n, .rel), let href = document.attribute(n, .href), !href.isEmpty else { return nil }
        var isSheet = false
        for word in rel.split(separator: " ") {
            let lower = word.lowercased()
            if lower == "stylesheet" { isSheet = true }
            if lower == "alternate" { return nil }
        }
        return isSheet ? PageSheet(.link(href), media: document.attribute(n, .media) ?? "") : nil
    }

    var isWaitingForSheets: Bool {
        for sheet in sheets where sheet.isWaiting { return true }
        return false
    }
}
