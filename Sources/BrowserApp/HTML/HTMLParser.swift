// The parser's face: bytes in, a document that grows with each call (HTML §13.2). Nothing here recurses or keeps input
// longer than the token it belongs to.
import DOM

/// Parses one document or fragment. Bytes may arrive in any pieces; after each `feed` the document shows all of it
/// that is certain. Scripts are not executed.
public final class HTMLParser {
    public let document: Document
    private let builder: TreeBuilder
    private let tokenizer: Tokenizer
    private var decoder: InputDecoder?
    private var head: [UInt8] = []
    private let isLabelled: Bool
    public private(set) var isFinished = false
    /// Bytes fed so far; a caller that wants to bound a document stops feeding.
    public private(set) var fedByteCount: UInt64 = 0
    /// Bytes decoded at a time.
    private static let sliceByteCount = 32768

    /// - Parameter encodingLabel: the transport's `charset`; a byte order mark in the text still wins.
    public init(document: Document, scripting: Bool = false, encodingLabel: String? = nil) {
        self.document = document
        builder = TreeBuilder(document: document, isScripting: scripting)
        tokenizer = Tokenizer(sink: builder)
        builder.tokenizer = tokenizer
        labelled = encodingLabel.flatMap { EncodingSniffer.encoding(label: $0) }
        isLabelled = labelled != nil
        isGB18030 = encodingLabel.map { $0.utf8.map { lowercased($0) } == Array("gb18030".utf8) } ?? false
    }

    private let labelled: InputEncoding?
    /// For forms of this document: its encoding, as far as it is known yet.
    public var textEncoder: TextEncoder { TextEncoder(decoder?.encoding ?? .utf8, isGBK: !isGB18030) }
    private let isGB18030: Bool

    /// A parser for the fragment case (HTML §13.4) with a context element of that name; result: `fragmentRoot`.
    public convenience init(document: Document, fragmentContext name: Atom, namespace: Namespace = .html, scripting: Bool = false) {
        self.init(document: document, scripting: scripting, encodingLabel: "utf-8")
        beginFragment(name, namespace)
    }

    /// Told of link, meta, base, img and script elements as they are inserted, and of style and title elements once
    /// complete: what a loader wants to know early.
    public var onElement: ((NodeID) -> Void)? {
        get { builder.onElement }
        set { builder.onElement = newValue }
    }

    /// In the fragment case, the element whose children are the result.
    public private(set) var fragmentRoot = NodeID.none

    /// Parses more bytes.
    public func feed(_ bytes: [UInt8]) {
        if isFinished { return }
        fedByteCount &+= UInt64(bytes.count)
        if decoder == nil {
            head.append(contentsOf: bytes)
            if head.count >= (isLabelled ? 3 : EncodingSniffer.prescanByteCount) { beginDecoding() }
            return
        }
        bytes.withUnsafeBufferPointer { decode($0) }
    }

    /// Ends the input: closes everything.
    public func finish() {
        if isFinished { return }
        if decoder == nil { beginDecoding() }
        if var decoder {
            tokenizer.commit(decoder.finish(into: tokenizer.reserve(8)))
            self.decoder = decoder
        }
        tokenizer.finish()
        isFinished = true
    }

    private func beginDecoding() {
        let bytes = head
        head = []
        var skip = 0
        if let (encoding, count) = EncodingSniffer.byteOrderMark(bytes) {
            decoder = InputDecoder(encoding)
            skip = count
        } else {
            decoder = InputDecoder(labelled ?? EncodingSniffer.guess(bytes))
        }
        bytes.withUnsafeBufferPointer { decode(UnsafeBufferPointer(rebasing: $0[skip...])) }
    }

    private func decode(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard var decoder else { return }
        var start = 0
        while start < bytes.count {
            let count = min(HTMLParser.sliceByteCount, bytes.count - start)
            let out = tokenizer.reserve(InputDecoder.outputByteCountMax(count))
            let slice = UnsafeBufferPointer(rebasing: bytes[start..<(start + count)])
            tokenizer.commit(decoder.decode(slice, into: out))
            tokenizer.run()
            start += count
        }
        self.decoder = decoder
    }

    // MARK: Fragments

    private func beginFragment(_ name: Atom, _ namespace: Namespace) {
        let context = document.createElement(name, namespace: namespace)
        builder.context = OpenElement(node: context, name: name, tagName: name, namespace: namespace)
        fragmentRoot = document.createElement(.html)
        document.append(fragmentRoot, to: document.root)
        builder.open.push(OpenElement(node: fragmentRoot, name: .html, tagName: .html, namespace: .html))
        if namespace == .html {
            if name == .template { builder.templateModes.append(.inTemplate) }
            if name == .form { builder.formElement = context }
            tokenizer.state = HTMLParser.initialState(name, builder.isScripting)
        }
        builder.resetInsertionMode()
    }

    private static func initialState(_ name: Atom, _ isScripting: Bool) -> Tokenizer.State {
        switch name {
        case .title, .textarea: return .rcdata
        case .style, .xmp, .iframe, .noembed, .noframes: return .rawtext
        case .script: return .scriptData
        case .noscript: return isScripting ? .rawtext : .data
        case .plaintext: return .plaintext
        default: return .data
        }
    }
}
