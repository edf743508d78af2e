// Segments that arrived ahead of their turn (RFC 9293 §3.10.7.4), sorted by sequence number. Bounded in number and
// bytes; what does not fit is dropped and comes again by retransmission.

struct Reassembly: Sendable {
    private struct Piece: Sendable { var start: SequenceNumber, bytes: [UInt8] }
    private static let piecesMax = 64
    private var pieces: [Piece] = []
    private var byteCount = 0
    private let byteCountMax: Int
    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }
    var isEmpty: Bool { pieces.isEmpty }

    /// False when there was no room.
    mutating func insert(_ start: SequenceNumber, _ bytes: [UInt8]) -> Bool {
        var i = pieces.count
        while i > 0, pieces[i - 1].start > start { i -= 1 }
        if i > 0, pieces[i - 1].start + pieces[i - 1].bytes.count >= start + bytes.count { return true }    // already here
        guard pieces.count < Reassembly.piecesMax, byteCount + bytes.count <= byteCountMax else { return false }
        pieces.insert(Piece(start: start, bytes: bytes), at: i)
        byteCount += bytes.count
        return true
    }
    /// Bytes that continue at `next`, if any.
    mutating func take(at next: SequenceNumber) -> [UInt8]? {
        while let first = pieces.first, first.start <= next {
            pieces.removeFirst()
            byteCount -= first.bytes.count
            let skip = next - first.start
            if skip < first.bytes.count { return skip == 0 ? first.bytes : Array(first.bytes[skip...]) }
        }
        return nil
    }
    mutating func clear() { pieces = []; byteCount = 0 }
}
