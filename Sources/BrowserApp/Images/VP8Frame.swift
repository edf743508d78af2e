// A VP8 key frame, lossy WebP's picture (RFC 6386): modes and coefficients of one macroblock after the other, each
// predicted from its neighbours; then the edges are smoothed. A frame that is cut off gives the rows of macroblocks
// that are there.

final class VP8Frame {
    let header: VP8Header
    let luma: VP8Plane, chromaU: VP8Plane, chromaV: VP8Plane
    let columns: Int, rows: Int
    /// Rows of macroblocks that were decoded.
    private(set) var rowsDone = 0

    /// Modes of the subblocks above and to the left: the contexts of the next ones.
    private var modesAbove: [UInt8], modesLeft: [UInt8] = [0, 0, 0, 0]
    /// Whether the neighbouring blocks have coefficients: four of luma, two and two of chroma, second order; above by
    /// column.
    private var filledAbove: [UInt8], filledLeft = [UInt8](repeating: 0, count: 9)
    /// Index of the filter strength, and 16 when the inner edges are smoothed too; by macroblock.
    private var filters: [UInt8]
    /// The macroblock being decoded: 24 blocks and the one of second order.
    private let coefficients = UnsafeMutablePointer<Int16>.allocate(capacity: 400)
    private let tokenProbabilities = UnsafeMutablePointer<UInt8>.allocate(capacity: 1056)
    /// What the 24 blocks have: 0 nothing, 1 a first coefficient, 2 more.
    private var contents = [UInt8](repeating: 0, count: 24)

    private struct Macroblock {
        var segment = 0
        var hasSubmodes = false, isSkipped = false
        var mode: UInt8 = 0, chromaMode: UInt8 = 0
        /// Sixteen modes of four bits.
        var submodes: UInt64 = 0
    }

    /// The chunk `VP8 ` between two places of a file.
    static func decode(_ bytes: [UInt8], _ start: Int, _ stop: Int, limits: ImageLimits) throws(ImageError) -> VP8Frame {
        guard start < stop else { throw .truncated }
        var result: Result<VP8Frame, ImageError> = .failure(.truncated)
        bytes.withUnsafeBufferPointer { buffer in
            let base = buffer.baseAddress!
            var bits = VP8Bits(base, from: start, to: start)
            do throws(ImageError) {
                let frame = VP8Frame(try VP8Header.read(base, start, stop, limits: limits, bits: &bits))
                frame.readAll(base, &bits)
                result = frame.rowsDone > 0 ? .success(frame) : .failure(.truncated)
            } catch { result = .failure(error) }
        }
        return try result.get()
    }

    private init(_ header: VP8Header) {
        self.header = header
        columns = (header.width + 15) / 16
        rows = (header.height + 15) / 16
        luma = VP8Plane(width: columns * 16, height: rows * 16)
        chromaU = VP8Plane(width: columns * 8, height: rows * 8)
        chromaV = VP8Plane(width: columns * 8, height: rows * 8)
        modesAbove = [UInt8](repeating: 0, count: columns * 4)
        filledAbove = [UInt8](repeating: 0, count: columns * 9)
        filters = [UInt8](repeating: 0, count: columns * rows)
        coefficients.initialize(repeating: 0, count: 400)
        for i in 0..<1056 { (tokenProbabilities + i).initialize(to: header.tokenProbabilities[i]) }
    }

    deinit {
        coefficients.deallocate()
        tokenProbabilities.deallocate()
    }

    private func readAll(_ bytes: UnsafePointer<UInt8>, _ modeBits: inout VP8Bits) {
        var partitions: [VP8Bits] = []
        for p in header.partitions { partitions.append(VP8Bits(bytes, from: p.start, to: p.stop)) }
        for row in 0..<rows {
            for i in 0..<4 { modesLeft[i] = 0 }
            for i in 0..<9 { filledLeft[i] = 0 }
            let own = row & (partitions.count - 1)
            for column in 0..<columns {
                var block = readModes(&modeBits, column)
                readCoefficients(&partitions[own], &block, column)
                if modeBits.isExhausted || partitions[own].isExhausted { break }
                reconstruct(block, column, row)
                filters[row * columns + column] = UInt8(block.segment * 2 + (block.hasSubmodes ? 1 : 0)) | (block.hasSubmodes || !block.isSkipped ? 16 : 0)
            }
            if modeBits.isExhausted || partitions[own].isExhausted { break }
            rowsDone = row + 1
        }
        for row in 0..<rowsDone {
            for column in 0..<columns {
                let f = filters[row * columns + column]
                VP8LoopFilter.smooth(self, column, row, header.strengths[Int(f & 7)], hasInner: f & 16 != 0)
            }
        }
    }

    // MARK: Modes (§8.1, §11)

    private func readModes(_ bits: inout VP8Bits, _ column: Int) -> Macroblock {
        var block = Macroblock()
        if header.hasSegmentMap {
            let p = header.segmentProbabilities
            block.segment = bits.flag(p[0]) ? 2 + bits.bit(p[2]) : bits.bit(p[1])
        }
        if let p = header.skipProbability { block.isSkipped = bits.flag(p) }
        block.hasSubmodes = !bits.flag(145)
        if block.hasSubmodes {
            readSubmodes(&bits, &block, column)
        } else {
            block.mode = bits.flag(156) ? (bits.flag(128) ? VP8Mode.trueMotion : VP8Mode.horizontal) : bits.flag(163) ? VP8Mode.vertical : VP8Mode.dc
            for i in 0..<4 {
                modesAbove[column * 4 + i] = block.mode
                modesLeft[i] = block.mode
            }
        }
        block.chromaMode = !bits.flag(142) ? VP8Mode.dc : !bits.flag(114) ? VP8Mode.vertical : bits.flag(183) ? VP8Mode.trueMotion : VP8Mode.horizontal
        return block
    }

    private func readSubmodes(_ bits: inout VP8Bits, _ block: inout Macroblock, _ column: Int) {
        for y in 0..<4 {
            for x in 0..<4 {
                let p = (Int(modesAbove[column * 4 + x]) * 10 + Int(modesLeft[y])) * 9
                let mode = Self.submode(&bits, p)
                modesAbove[column * 4 + x] = mode
                modesLeft[y] = mode
                block.submodes |= UInt64(mode) << UInt64(4 * (4 * y + x))
            }
        }
    }

    /// §11.2: the tree of subblock modes, with the probabilities from a place of the table on.
    private static func submode(_ bits: inout VP8Bits, _ start: Int) -> UInt8 {
        func goes(_ i: Int) -> Bool { bits.flag(VP8Tables.modeProbabilities[start + i]) }
        if !goes(0) { return VP8Mode.dc }
        if !goes(1) { return VP8Mode.trueMotion }
        if !goes(2) { return VP8Mode.vertical }
        if !goes(3) {
            if !goes(4) { return VP8Mode.horizontal }
            return goes(5) ? VP8Mode.verticalRight : VP8Mode.rightDown
        }
        if !goes(6) { return VP8Mode.leftDown }
        if !goes(7) { return VP8Mode.verticalLeft }
        return goes(8) ? VP8Mode.horizontalUp : VP8Mode.horizontalDown
    }

    // MARK: Coefficients (§13)

    /// Fills `coefficients` and `contents`. A macroblock that turns out to have none counts as skipped.
    private func readCoefficients(_ bits: inout VP8Bits, _ block: inout Macroblock, _ column: Int) {
        for i in 0..<24 { contents[i] = 0 }
        let above = column * 9
        if block.isSkipped {
            // Without second order its context stays.
            for i in 0..<(block.hasSubmodes ? 8 : 9) {
                filledAbove[above + i] = 0
                filledLeft[i] = 0
            }
            return
        }
        coefficients.update(repeating: 0, count: 400)
        let steps = header.steps[block.segment]
        var first = 0, type = 3
        if !block.hasSubmodes {
            let second = coefficients + 384
            let n = VP8Tokens.read(&bits, tokenProbabilities + 264, context: Int(filledAbove[above + 8] + filledLeft[8]), first: 0,
                                   dc: steps.secondDC, ac: steps.secondAC, into: second)
            filledAbove[above + 8] = n > 0 ? 1 : 0
            filledLeft[8] = n > 0 ? 1 : 0
            VP8Transform.second(second, into: coefficients)
            (first, type) = (1, 0)
        }
        for i in 0..<16 {
            readBlock(&bits, i, type, above + i & 3, i >> 2, first, above, steps.lumaDC, steps.lumaAC)
        }
        for i in 16..<24 {
            let plane = 4 + 2 * ((i - 16) >> 2)
            readBlock(&bits, i, 2, above + plane + i & 1, plane + i >> 1 & 1, 0, above, steps.chromaDC, steps.chromaAC)
        }
        block.isSkipped = !contents.contains { $0 != 0 }
    }

    @inline(__always)
    private func readBlock(_ bits: inout VP8Bits, _ i: Int, _ type: Int, _ up: Int, _ left: Int, _ first: Int, _ above: Int, _ dc: Int32, _ ac: Int32) {
        let block = coefficients + 16 * i
        let n = VP8Tokens.read(&bits, tokenProbabilities + 264 * type, context: Int(filledAbove[up] + filledLeft[left]), first: first, dc: dc, ac: ac, into: block)
        filledAbove[up] = n > first ? 1 : 0
        filledLeft[left] = n > first ? 1 : 0
        contents[i] = n > 1 ? 2 : block[0] != 0 ? 1 : 0
    }

    // MARK: Pixels (§12, §14.5)

    private func reconstruct(_ block: Macroblock, _ column: Int, _ row: Int) {
        let stride = luma.stride, p = luma.pixels + (row * stride + column) * 16
        if block.hasSubmodes {
            reconstructSubblocks(block, p, isLast: column == columns - 1, isFirstRow: row == 0)
        } else {
            VP8Prediction.block(block.mode, p, stride: stride, size: 16, hasAbove: row > 0, hasLeft: column > 0)
            for i in 0..<16 { addResidue(i, p + (i >> 2 * stride + i & 3) * 4, stride) }
        }
        for (plane, first) in [(chromaU, 16), (chromaV, 20)] {
            let p = plane.pixels + (row * plane.stride + column) * 8
            VP8Prediction.block(block.chromaMode, p, stride: plane.stride, size: 8, hasAbove: row > 0, hasLeft: column > 0)
            for i in 0..<4 { addResidue(first + i, p + (i >> 1 * plane.stride + i & 1) * 4, plane.stride) }
        }
    }

    /// The pixels above and to the right of the macroblock serve all four rows of subblocks at its right edge. There
    /// are none beyond the last macroblock: its last pixel above is repeated, as the common decoders do.
    private func reconstructSubblocks(_ block: Macroblock, _ p: UnsafeMutablePointer<UInt8>, isLast: Bool, isFirstRow: Bool) {
        let stride = luma.stride
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4) { corner in
            for i in 0..<4 { corner[i] = isFirstRow ? 127 : isLast ? p[15 - stride] : p[16 + i - stride] }
            for i in 0..<16 {
                let q = p + (i >> 2 * stride + i & 3) * 4
                let right = i & 3 == 3 ? UnsafePointer(corner.baseAddress!) : UnsafePointer(q + 4 - stride)
                VP8Prediction.subblock(UInt8(block.submodes >> UInt64(4 * i) & 15), q, stride: stride, right: right)
                addResidue(i, q, stride)
            }
        }
    }

    @inline(__always)
    private func addResidue(_ i: Int, _ p: UnsafeMutablePointer<UInt8>, _ stride: Int) {
        if contents[i] == 2 { VP8Transform.add(coefficients + 16 * i, to: p, stride: stride) }
        else if contents[i] == 1 { VP8Transform.addFlat(coefficients[16 * i], to: p, stride: stride) }
    }
}
