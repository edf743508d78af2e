// Scans of JPEG: which components and coefficients a scan carries, and the four ways of coding a block
// (ITU-T T.81 F.2, G.1.2, G.2).

struct JPEGScanParameters {
    var spectralStart = 0, spectralEnd = 63, high = 0, low = 0
    var indices: [Int] = []
    var isProgressive = false
}

extension JPEGReader {
    /// Reads a scan header (B.2.3) and its data.
    mutating func scan(_ start: Int, _ stop: Int) throws(ImageError) {
        let count = start < stop ? Int(bytes[start]) : 0
        guard count >= 1, count <= 4, stop - start >= 4 + 2 * count else { throw .malformed(.scan) }
        var parameters = JPEGScanParameters(isProgressive: isProgressive)
        for i in 0..<count {
            let id = bytes[start + 1 + 2 * i], tables = bytes[start + 2 + 2 * i]
            guard let index = components.firstIndex(where: { $0.id == id }), !parameters.indices.contains(index),
                  tables >> 4 < 4, tables & 15 < 4 else { throw .malformed(.scan) }
            components[index].dcTable = Int(tables >> 4)
            components[index].acTable = Int(tables & 15)
            parameters.indices.append(index)
        }
        let p = start + 1 + 2 * count
        if isProgressive {
            (parameters.spectralStart, parameters.spectralEnd) = (Int(bytes[p]), Int(bytes[p + 1]))
            (parameters.high, parameters.low) = (Int(bytes[p + 2] >> 4), Int(bytes[p + 2] & 15))
            let isDC = parameters.spectralStart == 0
            guard parameters.spectralEnd < 64, parameters.spectralStart <= parameters.spectralEnd, parameters.low <= 13,
                  isDC ? parameters.spectralEnd == 0 : count == 1 else { throw .malformed(.scan) }
        }
        try checkTables(parameters)
        readData(parameters)
    }

    private func checkTables(_ p: JPEGScanParameters) throws(ImageError) {
        for i in p.indices {
            let needsDC = p.spectralStart == 0 && p.high == 0, needsAC = p.spectralEnd > 0
            if needsDC && dcTables[components[i].dcTable] == nil { throw .malformed(.huffmanTable) }
            if needsAC && acTables[components[i].acTable] == nil { throw .malformed(.huffmanTable) }
        }
    }

    private mutating func readData(_ parameters: JPEGScanParameters) {
        let source = bytes
        source.withUnsafeBufferPointer { buffer in
            var coder = JPEGBlockCoder(bits: JPEGBits(bytes: buffer, at: at), parameters: parameters)
            if parameters.indices.count == 1 { readSingle(&coder, parameters.indices[0]) } else { readInterleaved(&coder, parameters.indices) }
            at = coder.bits.at
        }
    }

    /// A scan of one component goes over its own blocks (A.2.2).
    private mutating func readSingle(_ coder: inout JPEGBlockCoder, _ index: Int) {
        let (columns, rows, stride) = (components[index].ownColumns, components[index].ownRows, components[index].columns)
        var left = restartInterval
        components[index].prediction = 0
        for row in 0..<rows {
            for column in 0..<columns {
                if restartInterval > 0 && left == 0 {
                    if !restart(&coder) { return }
                    left = restartInterval
                }
                left -= 1
                readBlock(&coder, index, row * stride + column)
            }
            if coder.bits.isExhausted && (restartInterval == 0) { return }
        }
    }

    /// Otherwise MCU by MCU (A.2.3).
    private mutating func readInterleaved(_ coder: inout JPEGBlockCoder, _ indices: [Int]) {
        let across = (width + 8 * hMax - 1) / (8 * hMax), down = (height + 8 * vMax - 1) / (8 * vMax)
        var left = restartInterval
        for i in indices { components[i].prediction = 0 }
        for my in 0..<down {
            for mx in 0..<across {
                if restartInterval > 0 && left == 0 {
                    if !restart(&coder) { return }
                    left = restartInterval
                }
                left -= 1
                for i in indices {
                    for v in 0..<components[i].v {
                        for h in 0..<components[i].h {
                            readBlock(&coder, i, (my * components[i].v + v) * components[i].columns + mx * components[i].h + h)
                        }
                    }
                }
            }
            if coder.bits.isExhausted && restartInterval == 0 { return }
        }
    }

    private mutating func restart(_ coder: inout JPEGBlockCoder) -> Bool {
        coder.endOfBandRun = 0
        for i in 0..<components.count { components[i].prediction = 0 }
        return coder.bits.restart()
    }

    private mutating func readBlock(_ coder: inout JPEGBlockCoder, _ index: Int, _ block: Int) {
        let dc = dcTables[components[index].dcTable], ac = acTables[components[index].acTable]
        var prediction = components[index].prediction
        components[index].coefficients.withUnsafeMutableBufferPointer { all in
            coder.block(all.baseAddress! + block * 64, dc, ac, &prediction)
        }
        components[index].prediction = prediction
    }
}

/// Decodes blocks of one scan.
struct JPEGBlockCoder {
    var bits: JPEGBits
    let parameters: JPEGScanParameters
    var endOfBandRun = 0

    init(bits: JPEGBits, parameters: JPEGScanParameters) {
        self.bits = bits
        self.parameters = parameters
    }

    mutating func block(_ c: UnsafeMutablePointer<Int16>, _ dc: JPEGHuffman?, _ ac: JPEGHuffman?, _ prediction: inout Int32) {
        if bits.isExhausted { return }
        if !parameters.isProgressive {
            guard let dc, let ac else { return }
            readDC(c, dc, &prediction)
            readBaselineAC(c, ac)
        } else if parameters.spectralStart == 0 {
            if parameters.high == 0 {
                if let dc { readDC(c, dc, &prediction) }
            } else if bits.take(1) == 1 {
                c[0] |= Int16(truncatingIfNeeded: 1 << parameters.low)
            }
        } else if let ac {
            if parameters.high == 0 { readFirstAC(c, ac) } else { refineAC(c, ac) }
        }
    }

    private mutating func readDC(_ c: UnsafeMutablePointer<Int16>, _ table: JPEGHuffman, _ prediction: inout Int32) {
        let size = min(bits.symbol(table), 15)
        prediction = prediction &+ bits.signed(size)
        c[0] = Int16(truncatingIfNeeded: prediction << Int32(parameters.low))
    }

    private mutating func readBaselineAC(_ c: UnsafeMutablePointer<Int16>, _ table: JPEGHuffman) {
        var k = 1
        while k < 64 {
            let symbol = bits.symbol(table)
            let run = symbol >> 4, size = symbol & 15
            if size == 0 {
                if run < 15 { return }
                k += 16
                continue
            }
            k += run
            if k > 63 { return }
            c[Int(jpegZigzag[k])] = Int16(truncatingIfNeeded: bits.signed(size))
            k += 1
        }
    }

    private mutating func readFirstAC(_ c: UnsafeMutablePointer<Int16>, _ table: JPEGHuffman) {
        if endOfBandRun > 0 {
            endOfBandRun -= 1
            return
        }
        var k = parameters.spectralStart
        while k <= parameters.spectralEnd {
            let symbol = bits.symbol(table)
            let run = symbol >> 4, size = symbol & 15
            if size == 0 {
                if run < 15 {
                    endOfBandRun = (1 << run) - 1 + Int(bits.take(run))
                    return
                }
                k += 16
                continue
            }
            k += run
            if k > 63 { return }
            c[Int(jpegZigzag[k])] = Int16(truncatingIfNeeded: bits.signed(size) << Int32(parameters.low))
            k += 1
        }
    }

    /// G.1.2.3: correction bits for coefficients known, new ones in between.
    private mutating func refineAC(_ c: UnsafeMutablePointer<Int16>, _ table: JPEGHuffman) {
        let one = Int16(truncatingIfNeeded: 1 << parameters.low)
        var k = parameters.spectralStart
        while endOfBandRun == 0 && k <= parameters.spectralEnd {
            let symbol = bits.symbol(table)
            var run = symbol >> 4
            var value: Int16 = 0
            if symbol & 15 == 0 {
                if run < 15 {
                    endOfBandRun = 1 << run + Int(bits.take(run))
                    break
                }
            } else {
                value = bits.take(1) == 1 ? one : 0 &- one
            }
            while k <= parameters.spectralEnd {
                let place = Int(jpegZigzag[k])
                if c[place] != 0 {
                    correct(c + place, one)
                } else {
                    if run == 0 { break }
                    run -= 1
                }
                k += 1
            }
            if k <= parameters.spectralEnd && value != 0 { c[Int(jpegZigzag[k])] = value }
            k += 1
        }
        if endOfBandRun == 0 { return }
        while k <= parameters.spectralEnd {
            let place = Int(jpegZigzag[k])
            if c[place] != 0 { correct(c + place, one) }
            k += 1
        }
        endOfBandRun -= 1
    }

    private mutating func correct(_ p: UnsafeMutablePointer<Int16>, _ one: Int16) {
        if bits.take(1) == 1 && p.pointee & one == 0 { p.pointee = p.pointee >= 0 ? p.pointee &+ one : p.pointee &- one }
    }
}
