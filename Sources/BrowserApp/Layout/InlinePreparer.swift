// White space processing and text transformation, once per inline formatting context and independent of widths
// (CSS Text 3 §4.1.1, §2.1). Writes the collapsed text and each text box's range, and finds contexts without lines.
import DOM
import CSS

struct InlinePreparer {
    /// Text beyond these limits is dropped and counted.
    static let contextByteCountMax = 8 << 20
    static let pageByteCountMax = 64 << 20

    let tree: LayoutTree
    let document: Document
    private var lastWasSpace = true
    private var wordStart = true
    private var contextStart = 0

    init(tree: LayoutTree, document: Document) { self.tree = tree; self.document = document }

    mutating func run() {
        for b in 0..<tree.boxes.count where tree.boxes[b].flags.contains(.inlineChildren) { prepare(BoxID(b)) }
        tree.sealText()
    }

    private mutating func prepare(_ context: BoxID) {
        lastWasSpace = true; wordStart = true
        contextStart = tree.text.count
        var hasLines = false
        var b = tree.firstChild(context)
        while b != noBox {
            switch tree.kind(b) {
            case .text: if addText(b) { hasLines = true }
            case .lineBreak: hasLines = true; lastWasSpace = true; wordStart = true
            case .inline:
                if !hasLines, hasEdges(tree.style(b)) { hasLines = true }
                let child = tree.firstChild(b)
                if child != noBox { b = child; continue }
            default:
                if tree.flags(b).contains(.atomicInline) { hasLines = true; lastWasSpace = false; wordStart = true }
            }
            b = following(b, context)
        }
        if hasLines { tree.boxes[Int(context)].flags.insert(.hasLines) }
    }

    private func following(_ box: BoxID, _ context: BoxID) -> BoxID {
        var b = box
        while b != context {
            let next = tree.next(b)
            if next != noBox { return next }
            b = tree.parent(b)
        }
        return noBox
    }

    private func hasEdges(_ s: ComputedStyle) -> Bool {
        !(s.paddingLeft.isZero && s.paddingRight.isZero && s.marginLeft.isZero && s.marginRight.isZero) || s.borderLeft.width > .zero || s.borderRight.width > .zero
    }

    /// Appends the box's text; true when something remains of it.
    private mutating func addText(_ b: BoxID) -> Bool {
        let start = tree.text.count
        let white = tree.textStyle(b).whiteSpace
        let transform = tree.style(b).textTransform
        var source = tree.generatedText[b] ?? document.text(tree.boxes[Int(b)].node)
        let room = Swift.max(0, Swift.min(InlinePreparer.contextByteCountMax - (start - contextStart), InlinePreparer.pageByteCountMax - start))
        source.withUTF8 { bytes in
            var used = bytes
            if bytes.count > room {
                tree.textBytesDropped += bytes.count - room
                used = UnsafeBufferPointer(rebasing: bytes[0..<room])
            }
            if transform == .none { append(used, white) } else { appendTransformed(used, white, transform) }
        }
        tree.boxes[Int(b)].textStart = Int32(start)
        tree.boxes[Int(b)].textEnd = Int32(tree.text.count)
        return tree.text.count > start
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>, _ white: WhiteSpace) {
        switch white {
        case .pre, .preWrap, .breakSpaces: appendPreserved(bytes)
        case .preLine: appendCollapsed(bytes, keepNewlines: true)
        case .normal, .nowrap: appendCollapsed(bytes, keepNewlines: false)
        }
    }

    private mutating func appendPreserved(_ bytes: UnsafeBufferPointer<UInt8>) {
        for c in bytes { if c != 0x0D { tree.text.append(c) } }
        if let last = bytes.last { lastWasSpace = last == 0x0A }
    }

    private mutating func appendCollapsed(_ bytes: UnsafeBufferPointer<UInt8>, keepNewlines: Bool) {
        var i = 0
        let count = bytes.count
        while i < count {
            let c = bytes[i]
            if c > 0x20 {
                var end = i &+ 1
                while end < count, bytes[end] > 0x20 { end &+= 1 }
                tree.text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[i..<end]))
                lastWasSpace = false
                i = end
                continue
            }
            i &+= 1
            if c == 0x0A, keepNewlines {
                if let last = tree.text.last, last == 0x20, lastWasSpace, tree.text.count > contextStart { tree.text.removeLast(); tree.text.append(0x0A) } else { tree.text.append(0x0A) }
                lastWasSpace = true
            } else if c == 0x20 || c == 0x0A || c == 0x09 || c == 0x0D || c == 0x0C {
                if !lastWasSpace { tree.text.append(0x20); lastWasSpace = true }
            }
        }
    }

    private mutating func appendTransformed(_ bytes: UnsafeBufferPointer<UInt8>, _ white: WhiteSpace, _ transform: TextTransform) {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var i = 0
        while i < bytes.count {
            let scalar = decodeScalar(bytes, &i)
            let isLetter = scalar > 0x7F || (scalar | 0x20 >= 0x61 && scalar | 0x20 <= 0x7A) || (scalar >= 0x30 && scalar <= 0x39)
            switch transform {
            case .uppercase: appendUppercase(scalar, &out)
            case .lowercase: appendLowercase(scalar, &out)
            case .capitalize: if wordStart && isLetter { appendUppercase(scalar, &out) } else { appendScalar(scalar, to: &out) }
            case .none, .fullWidth: appendScalar(scalar, to: &out)
            }
            wordStart = !isLetter && scalar != 0x27 && scalar != 0x2019
        }
        out.withUnsafeBufferPointer { append($0, white) }
    }

    private func appendUppercase(_ scalar: UInt32, _ out: inout [UInt8]) {
        if scalar < 0x80 { out.append(scalar >= 0x61 && scalar <= 0x7A ? UInt8(scalar - 0x20) : UInt8(scalar)); return }
        guard let s = Unicode.Scalar(scalar) else { appendScalar(0xFFFD, to: &out); return }
        out.append(contentsOf: s.properties.uppercaseMapping.utf8)
    }
    private func appendLowercase(_ scalar: UInt32, _ out: inout [UInt8]) {
        if scalar < 0x80 { out.append(scalar >= 0x41 && scalar <= 0x5A ? UInt8(scalar + 0x20) : UInt8(scalar)); return }
        guard let s = Unicode.Scalar(scalar) else { appendScalar(0xFFFD, to: &out); return }
        out.append(contentsOf: s.properties.lowercaseMapping.utf8)
    }
}
