// The five ways of coding an 8×8 block (ITU-T T.81 F.2, G.1.2, G.2). A sequential block is transformed at once into its
// component's samples, a progressive one is collected in the coefficient store.

/// What a component of the scan looks like to the block loop.
struct JPEGPart {
    var h = 1, v = 1
    /// Blocks a row.
    var stride = 0
    var samples: UnsafeMutablePointer<UInt8>?
    var coefficients: UnsafeMutablePointer<Int16>?
    var table: UnsafeMutablePointer<UInt16>?
    var dc: JPEGCode?, ac: JPEGCode?
    var prediction: Int32 = 0
}

struct JPEGBlockCoder {
    var bits: JPEGBits
    private let parameters: JPEGScanParameters
    private let isProgressive: Bool
    private(set) var partCount = 0
    private var endOfBandRun = 0
    private let memory: JPEGScratch
    private let zigzag: UnsafeMutablePointer<UInt8>
    private let scratch: UnsafeMutablePointer<Int16>
    let parts: UnsafeMutablePointer<JPEGPart>

    init(bits: JPEGBits, parameters: JPEGScanParameters) {
        self.bits = bits
        self.parameters = parameters
        isProgressive = parameters.isProgressive
        memory = JPEGScratch()
        zigzag = memory.zigzag
        scratch = memory.block
        parts = memory.parts
    }

    /// Adds a component (of at most four).
    mutating func add(_ c: JPEGComponent, dc: JPEGHuffman?, ac: JPEGHuffman?) {
        parts[partCount] = JPEGPart(h: c.h, v: c.v, stride: c.columns, samples: c.samples?.base, coefficients: c.coefficients?.base, table: c.table?.base,
                                    dc: dc.map { JPEGCode($0) }, ac: ac.map { JPEGCode($0) })
        partCount += 1
    }

    mutating func restart() -> Bool {
        endOfBandRun = 0
        for i in 0..<partCount { parts[i].prediction = 0 }
        return bits.restart()
    }

    /// Reads one block of a part.
    @inline(__always)
    mutating func read(_ index: Int, _ row: Int, _ column: Int) {
        let part = parts + index
        let stride = part.pointee.stride
        if !isProgressive {
            guard let dc = part.pointee.dc, let ac = part.pointee.ac, let samples = part.pointee.samples, let table = part.pointee.table else { return }
            let last = readSequential(&part.pointee.prediction, dc, ac)
            JPEGTransform.inverse(scratch, table, last, samples + (row * stride * 64 + column * 8), stride * 8)
        } else if let store = part.pointee.coefficients {
            readProgressive(part, store + (row * stride + column) * 64)
        }
    }

    private mutating func readProgressive(_ part: UnsafeMutablePointer<JPEGPart>, _ block: UnsafeMutablePointer<Int16>) {
        if parameters.spectralStart == 0 {
            if parameters.high == 0 {
                guard let dc = part.pointee.dc else { return }
                part.pointee.prediction &+= bits.signed(min(15, bits.symbol(dc)))
                block[0] = Int16(truncatingIfNeeded: part.pointee.prediction &<< Int32(parameters.low))
            } else if bits.take(1) == 1 {
                block[0] |= 1 &<< Int16(parameters.low)
            }
        } else {
            guard let ac = part.pointee.ac else { return }
            if parameters.high == 0 { readFirstAC(block, ac) } else { refineAC(block, ac) }
        }
    }

    /// F.2.2. Returns the largest index (in zigzag order) that was coded.
    @inline(__always)
    private mutating func readSequential(_ prediction: inout Int32, _ dc: JPEGCode, _ ac: JPEGCode) -> Int {
        UnsafeMutableRawPointer(scratch).initializeMemory(as: UInt8.self, repeating: 0, count: 128)
        prediction &+= bits.signed(min(15, bits.symbol(dc)))
        scratch[0] = Int16(truncatingIfNeeded: prediction)
        var k = 1, last = 0
        while k < 64 {
            let symbol = bits.symbol(ac)
            let run = symbol >> 4, size = symbol & 15
            if size == 0 {
                if run < 15 { break }
                k &+= 16
                continue
            }
            k &+= run
            if k > 63 { break }
            scratch[Int(zigzag[k])] = Int16(truncatingIfNeeded: bits.signed(size))
            last = k
            k &+= 1
        }
        return last
    }

    private mutating func readFirstAC(_ c: UnsafeMutablePointer<Int16>, _ table: JPEGCode) {
        if endOfBandRun > 0 {
            endOfBandRun -= 1
            return
        }
        var k = parameters.spectralStart
        let low = Int32(parameters.low), stop = parameters.spectralEnd
        while k <= stop {
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
            c[Int(zigzag[k])] = Int16(truncatingIfNeeded: bits.signed(size) &<< low)
            k += 1
        }
    }

    /// G.1.2.3: correction bits for coefficients known, new ones in between.
    private mutating func refineAC(_ c: UnsafeMutablePointer<Int16>, _ table: JPEGCode) {
        let one = Int16(truncatingIfNeeded: 1 << parameters.low), stop = parameters.spectralEnd
        var k = parameters.spectralStart
        while endOfBandRun == 0 && k <= stop {
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
            while k <= stop {
                let place = Int(zigzag[k])
                if c[place] != 0 {
                    correct(c + place, one)
                } else {
                    if run == 0 { break }
                    run -= 1
                }
                k += 1
            }
            if k <= stop && value != 0 { c[Int(zigzag[k])] = value }
            k += 1
        }
        if endOfBandRun == 0 { return }
        while k <= stop {
            let place = Int(zigzag[k])
            if c[place] != 0 { correct(c + place, one) }
            k += 1
        }
        endOfBandRun -= 1
    }

    @inline(__always)
    private mutating func correct(_ p: UnsafeMutablePointer<Int16>, _ one: Int16) {
        if bits.take(1) == 1 && p.pointee & one == 0 { p.pointee = p.pointee >= 0 ? p.pointee &+ one : p.pointee &- one }
    }
}
