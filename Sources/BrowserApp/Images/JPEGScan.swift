// Scans of JPEG: which components and coefficients a scan carries, and the order of their blocks (ITU-T T.81 A.2, B.2.3).

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

    private mutating func checkTables(_ p: JPEGScanParameters) throws(ImageError) {
        for i in p.indices {
            let needsDC = p.spectralStart == 0 && p.high == 0, needsAC = p.spectralEnd > 0
            if needsDC && dcTables[components[i].dcTable] == nil { throw .malformed(.huffmanTable) }
            if needsAC && acTables[components[i].acTable] == nil { throw .malformed(.huffmanTable) }
            if components[i].table == nil {
                let table = JPEGStore<UInt16>(repeating: 1, count: 64), values = quantization[components[i].quantization]
                for k in 0..<values.count { table.base[k] = values[k] }
                components[i].table = table
            }
        }
    }

    private mutating func readData(_ parameters: JPEGScanParameters) {
        bytes.withUnsafeBufferPointer { buffer in
            var coder = JPEGBlockCoder(bits: JPEGBits(bytes: buffer, at: at), parameters: parameters)
            for i in parameters.indices {
                let component = components[i]
                coder.add(component, dc: dcTables[component.dcTable], ac: acTables[component.acTable])
            }
            let isSingle = parameters.indices.count == 1
            let rows = isSingle ? readSingle(&coder, components[parameters.indices[0]]) : readInterleaved(&coder)
            for i in parameters.indices where components[i].rowsDone == 0 { components[i].rowsDone = isSingle ? rows : rows * components[i].v }
            at = coder.bits.at
        }
    }

    /// A scan of one component goes over its own blocks (A.2.2). Returns the block rows read.
    private func readSingle(_ coder: inout JPEGBlockCoder, _ component: JPEGComponent) -> Int {
        let (columns, rows) = (component.ownColumns, component.ownRows)
        var left = restartInterval
        for row in 0..<rows {
            for column in 0..<columns {
                if restartInterval > 0 {
                    if left == 0 {
                        if !coder.restart() { return row }
                        left = restartInterval
                    }
                    left -= 1
                }
                coder.read(0, row, column)
            }
            if coder.bits.isExhausted && restartInterval == 0 { return row }
        }
        return rows
    }

    /// Otherwise MCU by MCU (A.2.3). Returns the rows of MCUs read.
    private func readInterleaved(_ coder: inout JPEGBlockCoder) -> Int {
        let across = (width + 8 * hMax - 1) / (8 * hMax), down = (height + 8 * vMax - 1) / (8 * vMax)
        let count = coder.partCount
        var left = restartInterval
        for my in 0..<down {
            for mx in 0..<across {
                if restartInterval > 0 {
                    if left == 0 {
                        if !coder.restart() { return my }
                        left = restartInterval
                    }
                    left -= 1
                }
                for i in 0..<count {
                    let (h, v) = (coder.parts[i].h, coder.parts[i].v)
                    for y in 0..<v {
                        for x in 0..<h { coder.read(i, my * v + y, mx * h + x) }
                    }
                }
            }
            if coder.bits.isExhausted && restartInterval == 0 { return my }
        }
        return down
    }
}
