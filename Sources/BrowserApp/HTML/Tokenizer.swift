// The tokenizer (HTML §13.2.5): a state machine over UTF-8 bytes that stops anywhere input runs out and goes on with
// the next bytes. This file owns the input buffer, the pending text, and the dispatch; the states stand in
// TokenizerText/Tags/Comments/Doctype/References.swift.
// Invariant: between calls at most a few dozen bytes of look-ahead remain unread, so no input is scanned twice.
import DOM

final class Tokenizer {
    enum State: UInt8 {
        case data, rcdata, rawtext, scriptData, plaintext
        case tagOpen, endTagOpen, tagName
        case textLessThan, textEndTagOpen, textEndTagName
        case scriptEscapeStart, scriptEscapeStartDash, scriptEscaped, scriptEscapedDash, scriptEscapedDashDash
        case scriptEscapedLessThan, scriptDoubleEscapeStart, scriptDoubleEscaped, scriptDoubleEscapedDash
        case scriptDoubleEscapedDashDash, scriptDoubleEscapedLessThan, scriptDoubleEscapeEnd
        case beforeAttributeName, attributeName, afterAttributeName, beforeAttributeValue
        case valueDoubleQuoted, valueSingleQuoted, valueUnquoted, afterValueQuoted, selfClosingStartTag
        case bogusComment, markupDeclarationOpen, commentStart, commentStartDash, comment
        case commentLessThan, commentLessThanBang, commentLessThanBangDash, commentLessThanBangDashDash
        case commentEndDash, commentEnd, commentEndBang
        case doctype, beforeDoctypeName, doctypeName, afterDoctypeName, afterPublicKeyword, beforePublicID
        case publicIDDoubleQuoted, publicIDSingleQuoted, afterPublicID, betweenIDs, afterSystemKeyword, beforeSystemID
        case systemIDDoubleQuoted, systemIDSingleQuoted, afterSystemID, bogusDoctype
        case cdata, cdataBracket, cdataEnd
        case reference, numericReference, hexReferenceStart, hexReference, decimalReference
    }

    /// Bytes one token keeps of a name, a value or a comment; more are dropped and counted.
    static let tokenByteCountMax = 8 << 20

    // Machine.
    @exclusivity(unchecked) var state = State.data
    /// Where to go on after a character reference.
    @exclusivity(unchecked) var returnState = State.data
    /// The text state whose end tag is looked for (rcdata, rawtext, script data or escaped script data).
    @exclusivity(unchecked) var textState = State.rcdata
    unowned(unsafe) let sink: any TokenSink

    // Input.
    @exclusivity(unchecked) var bytes: UnsafeMutablePointer<UInt8>
    @exclusivity(unchecked) var at = 0, end = 0, capacity: Int
    @exclusivity(unchecked) var isFinal = false
    @exclusivity(unchecked) var isStarved = false

    // Token under construction.
    @exclusivity(unchecked) var text: [UInt8] = []
    @exclusivity(unchecked) var nameBytes: [UInt8] = []
    @exclusivity(unchecked) var temporary: [UInt8] = []
    @exclusivity(unchecked) var commentBytes: [UInt8] = []
    @exclusivity(unchecked) var isEndTag = false, isSelfClosing = false
    @exclusivity(unchecked) var attributeBytes: [UInt8] = []
    @exclusivity(unchecked) var attributeRanges: [AttributeRange] = []
    @exclusivity(unchecked) var doctypeToken = DoctypeToken()
    @exclusivity(unchecked) var doctypeBytes: [UInt8] = []
    @exclusivity(unchecked) var referenceCode: UInt32 = 0
    @exclusivity(unchecked) var lastStartTag: Atom = .empty
    /// Bytes dropped because a token was too long.
    @exclusivity(unchecked) private(set) var droppedByteCount: UInt64 = 0
    // Which attribute names this tag has had: stamp of the tag by atom number.
    @exclusivity(unchecked) var attributeStamps: [UInt32] = []
    @exclusivity(unchecked) var tagStamp: UInt32 = 0

    struct AttributeRange { var nameStart = 0, nameEnd = 0, valueStart = 0, valueEnd = 0 }

    init(sink: any TokenSink) {
        self.sink = sink
        capacity = 4096
        bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    }

    deinit { bytes.deallocate() }

    // MARK: Input

    /// Room for `count` more bytes of input; the caller writes there and calls `commit`.
    func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if at > 0 {
            (bytes).update(from: bytes + at, count: end - at)
            end -= at
            at = 0
        }
        if end + count > capacity {
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: (end + count) * 2)
            larger.update(from: bytes, count: end)
            bytes.deallocate()
            bytes = larger
            capacity = (end + count) * 2
        }
        return bytes + end
    }

    func commit(_ count: Int) { end += count }

    /// Consumes what has been committed, as far as look-ahead allows.
    func run() {
        isStarved = false
        while at < end && !isStarved { step() }
        flushText()
    }

    /// Consumes the rest and emits the end of file.
    func finish() {
        isFinal = true
        run()
        endOfInput()
        flushText()
        var token = Token(kind: .endOfFile)
        sink.token(&token)
    }

    private func step() {
        switch state {
        case .data: dataState()
        case .rcdata, .rawtext, .scriptData, .plaintext: textRunState()
        case .tagOpen: tagOpenState()
        case .endTagOpen: endTagOpenState()
        case .tagName: tagNameState()
        case .textLessThan: textLessThanState()
        case .textEndTagOpen: textEndTagOpenState()
        case .textEndTagName: textEndTagNameState()
        case .scriptEscapeStart, .scriptEscapeStartDash: scriptEscapeStartState()
        case .scriptEscaped, .scriptEscapedDash, .scriptEscapedDashDash: scriptEscapedState()
        case .scriptEscapedLessThan: scriptEscapedLessThanState()
        case .scriptDoubleEscapeStart, .scriptDoubleEscapeEnd: scriptDoubleEscapeNameState()
        case .scriptDoubleEscaped, .scriptDoubleEscapedDash, .scriptDoubleEscapedDashDash: scriptDoubleEscapedState()
        case .scriptDoubleEscapedLessThan: scriptDoubleEscapedLessThanState()
        case .beforeAttributeName: beforeAttributeNameState()
        case .attributeName: attributeNameState()
        case .afterAttributeName: afterAttributeNameState()
        case .beforeAttributeValue: beforeAttributeValueState()
        case .valueDoubleQuoted: quotedValueState(0x22)
        case .valueSingleQuoted: quotedValueState(0x27)
        case .valueUnquoted: unquotedValueState()
        case .afterValueQuoted: afterValueQuotedState()
        case .selfClosingStartTag: selfClosingStartTagState()
        case .bogusComment: bogusCommentState()
        case .markupDeclarationOpen: markupDeclarationOpenState()
        case .commentStart, .commentStartDash, .comment, .commentLessThan, .commentLessThanBang, .commentLessThanBangDash,
             .commentLessThanBangDashDash, .commentEndDash, .commentEnd, .commentEndBang: commentStates()
        case .doctype, .beforeDoctypeName, .doctypeName, .afterDoctypeName, .bogusDoctype: doctypeNameStates()
        case .afterPublicKeyword, .beforePublicID, .publicIDDoubleQuoted, .publicIDSingleQuoted, .afterPublicID, .betweenIDs:
            doctypePublicStates()
        case .afterSystemKeyword, .beforeSystemID, .systemIDDoubleQuoted, .systemIDSingleQuoted, .afterSystemID:
            doctypeSystemStates()
        case .cdata, .cdataBracket, .cdataEnd: cdataStates()
        case .reference: referenceState()
        case .numericReference, .hexReferenceStart, .hexReference, .decimalReference: numericReferenceStates()
        }
    }

    // MARK: Emission

    @inline(__always)
    func emit(_ byte: UInt8) { text.append(byte) }

    func emit(_ list: [UInt8]) { text.append(contentsOf: list) }

    func emitReplacement() { text.append(0xEF); text.append(0xBF); text.append(0xBD) }

    /// Hands over the pending text.
    func flushText() {
        if text.isEmpty { return }
        text.withUnsafeBufferPointer { emitRun($0) }
        text.removeAll(keepingCapacity: true)
    }

    func emitRun(_ run: UnsafeBufferPointer<UInt8>) {
        var token = Token(kind: .characters, text: run)
        sink.token(&token)
    }

    func emitNull() {
        flushText()
        text.append(0)
        flushText()
    }

    func emitTag() {
        flushText()
        state = .data
        let name = nameBytes.withUnsafeBufferPointer { Atom(utf8: $0) }
        var token = Token(kind: isEndTag ? .endTag : .startTag, name: name, isSelfClosing: isSelfClosing)
        if !isEndTag {
            lastStartTag = name
            if !attributeRanges.isEmpty { collectAttributes(&token.attributes) }
        }
        sink.token(&token)
    }

    /// Attributes in order, without later ones of the same name.
    private func collectAttributes(_ list: inout [TokenAttribute]) {
        tagStamp &+= 1
        list.reserveCapacity(attributeRanges.count)
        attributeBytes.withUnsafeBufferPointer { base in
            for range in attributeRanges {
                let name = Atom(utf8: UnsafeBufferPointer(rebasing: base[range.nameStart..<range.nameEnd]))
                let index = Int(name.raw)
                while attributeStamps.count <= index { attributeStamps.append(0) }
                if attributeStamps[index] == tagStamp { continue }
                attributeStamps[index] = tagStamp
                let value = UnsafeBufferPointer(rebasing: base[range.valueStart..<range.valueEnd])
                list.append(TokenAttribute(name: name, value: String(decoding: value, as: UTF8.self)))
            }
        }
    }

    func emitComment() {
        flushText()
        state = .data
        commentBytes.withUnsafeBufferPointer {
            var token = Token(kind: .comment, text: $0)
            sink.token(&token)
        }
    }

    func emitDoctype() {
        flushText()
        state = .data
        sink.doctype(doctypeToken)
    }

    // MARK: Bounded buffers

    @inline(__always)
    func keep(_ byte: UInt8, in list: inout [UInt8]) {
        if list.count < Tokenizer.tokenByteCountMax { list.append(byte) } else { droppedByteCount &+= 1 }
    }

    func keepReplacement(in list: inout [UInt8]) {
        keep(0xEF, in: &list); keep(0xBF, in: &list); keep(0xBD, in: &list)
    }

    func keep(_ run: UnsafeBufferPointer<UInt8>, in list: inout [UInt8]) {
        let room = max(0, Tokenizer.tokenByteCountMax - list.count)
        if run.count <= room { list.append(contentsOf: run); return }
        list.append(contentsOf: run[0..<room])
        droppedByteCount &+= UInt64(run.count - room)
    }

    /// Bytes from `start` up to the read position.
    func slice(from start: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: bytes + start, count: at - start)
    }
}
