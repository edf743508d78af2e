// Inflate (RFC 1951) with zlib framing (RFC 1950), resumable: input comes in any pieces, output is bounded.
// Invariant: state changes only at whole symbols; what is left of the input then is kept in the bit buffer and in
// `pending`, so feeding byte by byte gives the same output as feeding at once.

public enum InflateError: Error, Equatable, Sendable { case header, block, code, distance, checksum, outputLimit }

public struct Inflater {
    private enum State { case header, blockStart, stored, symbols, copying, checksum, done }

    /// Decompressed bytes so far.
    public private(set) var output: [UInt8] = []
    public var isDone: Bool { state == .done }

    private var state: State
    private let isZlib: Bool
    private let outputByteCountMax: Int
    private var pending: [UInt8] = []
    private var bits: UInt64 = 0
    private var bitCount = 0
    private var isLastBlock = false
    private var storedLeft = 0
    private var literals = Inflater.fixedLiterals
    private var distances = Inflater.fixedDistances

    private static let fixedLiterals = DeflateCode(lengths: [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
        + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8))!
    private static let fixedDistances = DeflateCode(lengths: [UInt8](repeating: 5, count: 30))!
    private static let lengthBase: [UInt16] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
    private static let lengthExtra: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
    private static let distanceBase: [UInt16] = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577]
    private static let distanceExtra: [UInt8] = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
    private static let lengthOrder: [UInt8] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// - Parameter zlib: the stream has RFC 1950 framing; otherwise it is bare deflate data.
    public init(zlib: Bool, outputByteCountMax: Int) {
        isZlib = zlib
        self.outputByteCountMax = outputByteCountMax
        state = zlib ? .header : .blockStart
    }

    /// Takes the next piece of input. After an error `output` still holds what came before it.
    public mutating func feed(_ piece: UnsafeBufferPointer<UInt8>) throws(InflateError) {
        if state == .done { return }
        if pending.isEmpty {
            let used = try run(piece)
            pending.append(contentsOf: piece[used...])
        } else {
            pending.append(contentsOf: piece)
            let input = pending
            var used = 0
            var failure: InflateError?
            input.withUnsafeBufferPointer { buffer in
                do throws(InflateError) { used = try run(buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            pending.removeFirst(used)
        }
    }

    // MARK: Bits

    private struct Input {
        let bytes: UnsafeBufferPointer<UInt8>
        var at = 0
    }

    @inline(__always)
    private mutating func refill(_ input: inout Input) {
        while bitCount <= 56 && input.at < input.bytes.count {
            bits |= UInt64(input.bytes[input.at]) << UInt64(bitCount)
            input.at += 1
            bitCount += 8
        }
    }

    @inline(__always)
    private mutating func take(_ count: Int) -> Int {
        let value = Int(truncatingIfNeeded: bits & (1 << UInt64(count) - 1))
        bits >>= UInt64(count)
        bitCount -= count
        return value
    }

    // MARK: States

    /// Consumes what it can; returns how many bytes of input it has taken (into the bit buffer, perhaps).
    private mutating func run(_ bytes: UnsafeBufferPointer<UInt8>) throws(InflateError) -> Int {
        var input = Input(bytes: bytes)
        while state != .done {
            refill(&input)
            let isProgress: Bool
            switch state {
            case .header: isProgress = try zlibHeader()
            case .blockStart: isProgress = try blockStart(&input)
            case .stored: isProgress = try stored(&input)
            case .symbols, .copying: isProgress = try symbols(&input)
            case .checksum: isProgress = try checksum()
            case .done: isProgress = false
            }
            if !isProgress { break }
        }
        return input.at
    }

    private mutating func zlibHeader() throws(InflateError) -> Bool {
        if bitCount < 16 { return false }
        let method = take(8), flags = take(8)
        guard method & 15 == 8, method >> 4 <= 7, (method << 8 | flags) % 31 == 0, flags & 32 == 0 else { throw .header }
        state = .blockStart
        return true
    }

    private mutating func blockStart(_ input: inout Input) throws(InflateError) -> Bool {
        if isLastBlock {
            state = isZlib ? .checksum : .done
            return true
        }
        let (savedBits, savedCount, savedAt) = (bits, bitCount, input.at)
        if bitCount >= 3 {
            let isLast = take(1) == 1
            var isReady = false
            switch take(2) {
            case 0: isReady = try beginStored(&input)
            case 1:
                literals = Inflater.fixedLiterals
                distances = Inflater.fixedDistances
                state = .symbols
                isReady = true
            case 2: isReady = try dynamicTables(&input)
            default: throw .block
            }
            if isReady {
                isLastBlock = isLast
                return true
            }
        }
        (bits, bitCount, input.at) = (savedBits, savedCount, savedAt)
        return false
    }

    private mutating func beginStored(_ input: inout Input) throws(InflateError) -> Bool {
        _ = take(bitCount & 7)
        refill(&input)
        if bitCount < 32 { return false }
        let count = take(16), complement = take(16)
        guard count == complement ^ 0xFFFF else { throw .block }
        storedLeft = count
        state = .stored
        return true
    }

    private mutating func stored(_ input: inout Input) throws(InflateError) -> Bool {
        while storedLeft > 0 && bitCount >= 8 {
            try put(UInt8(take(8)))
            storedLeft -= 1
        }
        let count = min(storedLeft, input.bytes.count - input.at)
        if count > 0 && bitCount == 0 {
            if output.count + count > outputByteCountMax { throw .outputLimit }
            output.append(contentsOf: input.bytes[input.at..<(input.at + count)])
            input.at += count
            storedLeft -= count
        }
        if storedLeft == 0 { state = .blockStart }
        return storedLeft == 0 || count > 0
    }

    /// RFC 1951 §3.2.7. False when the tables are not all there yet (the caller then goes back).
    private mutating func dynamicTables(_ input: inout Input) throws(InflateError) -> Bool {
        refill(&input)
        if bitCount < 14 { return false }
        let literalCount = take(5) + 257, distanceCount = take(5) + 1, lengthCount = take(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw .block }
        var codeLengths = [UInt8](repeating: 0, count: 19)
        for i in 0..<lengthCount {
            refill(&input)
            if bitCount < 3 { return false }
            codeLengths[Int(Inflater.lengthOrder[i])] = UInt8(take(3))
        }
        guard let code = DeflateCode(lengths: codeLengths) else { throw .code }
        guard let lengths = try readLengths(literalCount + distanceCount, code, &input) else { return false }
        guard lengths[256] != 0, let a = DeflateCode(lengths: Array(lengths[0..<literalCount])),
              let b = DeflateCode(lengths: Array(lengths[literalCount...])) else { throw .code }
        literals = a
        distances = b
        state = .symbols
        return true
    }

    private mutating func readLengths(_ count: Int, _ code: DeflateCode, _ input: inout Input) throws(InflateError) -> [UInt8]? {
        var lengths: [UInt8] = []
        while lengths.count < count {
            refill(&input)
            guard let (symbol, length) = code.slow(bits, bitCount) else { return nil }
            if length == 0 { throw .code }
            if bitCount < length + Inflater.repeatBits(symbol) { return nil }
            _ = take(length)
            var repeated: UInt8 = 0, times = 1
            switch symbol {
            case 16:
                guard let last = lengths.last else { throw .code }
                repeated = last
                times = 3 + take(2)
            case 17: times = 3 + take(3)
            case 18: times = 11 + take(7)
            default: repeated = UInt8(symbol)
            }
            if lengths.count + times > count { throw .code }
            for _ in 0..<times { lengths.append(repeated) }
        }
        return lengths
    }

    private static func repeatBits(_ symbol: Int) -> Int { symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7 }

    @inline(__always)
    private mutating func put(_ byte: UInt8) throws(InflateError) {
        if output.count >= outputByteCountMax { throw .outputLimit }
        output.append(byte)
    }

    /// Literals and copies until input runs low or the block ends. A symbol with its extra bits and its distance
    /// takes at most 48 bits, so one refill does for each.
    private mutating func symbols(_ input: inout Input) throws(InflateError) -> Bool {
        let literals = literals, distances = distances // locals: no reference counting for each symbol
        while true {
            refill(&input)
            let (savedBits, savedCount) = (bits, bitCount)
            guard let symbol = try decode(literals) else { return false }
            if symbol < 256 {
                try put(UInt8(symbol))
                continue
            }
            if symbol == 256 {
                state = .blockStart
                return true
            }
            guard symbol <= 285 else { throw .code }
            guard let (length, distance) = try lengthAndDistance(symbol - 257, distances) else {
                (bits, bitCount) = (savedBits, savedCount)
                return false
            }
            try copy(length, distance)
        }
    }

    private mutating func decode(_ code: DeflateCode) throws(InflateError) -> Int? {
        let entry = code.fast[Int(truncatingIfNeeded: bits & (1 << UInt64(DeflateCode.fastBits) - 1))]
        let length = Int(entry & 15)
        if entry != 0 && length <= bitCount {
            _ = take(length)
            return Int(entry >> 4)
        }
        guard let (symbol, slowLength) = code.slow(bits, bitCount) else { return nil }
        if slowLength == 0 { throw .code }
        _ = take(slowLength)
        return symbol
    }

    private mutating func lengthAndDistance(_ index: Int, _ distances: DeflateCode) throws(InflateError) -> (Int, Int)? {
        let lengthBits = Int(Inflater.lengthExtra[index])
        if bitCount < lengthBits { return nil }
        let length = Int(Inflater.lengthBase[index]) + take(lengthBits)
        guard let symbol = try decode(distances) else { return nil }
        guard symbol < 30 else { throw .code }
        let distanceBits = Int(Inflater.distanceExtra[symbol])
        if bitCount < distanceBits { return nil }
        return (length, Int(Inflater.distanceBase[symbol]) + take(distanceBits))
    }

    private mutating func copy(_ length: Int, _ distance: Int) throws(InflateError) {
        let start = output.count - distance
        if start < 0 { throw .distance }
        if output.count + length > outputByteCountMax { throw .outputLimit }
        for i in 0..<length { output.append(output[start + i]) }
    }

    private mutating func checksum() throws(InflateError) -> Bool {
        _ = take(bitCount & 7)
        if bitCount < 32 { return false }
        var expected: UInt32 = 0
        for _ in 0..<4 { expected = expected << 8 | UInt32(take(8)) }
        if expected != Inflater.adler32(output) { throw .checksum }
        state = .done
        return true
    }

    /// RFC 1950 §8.2.
    static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var a: UInt32 = 1, b: UInt32 = 0
        var i = 0
        while i < bytes.count {
            let stop = min(bytes.count, i + 5552)
            while i < stop {
                a += UInt32(bytes[i])
                b += a
                i += 1
            }
            a %= 65521
            b %= 65521
        }
        return b << 16 | a
    }
}
