// Bringing subsampled JPEG components to the picture's size: a triangle filter (3/4 nearer, 1/4 farther sample) for the
// common factors of two, repetition for others.

enum JPEGUpsampling {
    /// A component's samples, one for each pixel of the picture.
    static func full(_ samples: [UInt8], _ c: JPEGComponent, _ reader: JPEGReader) -> [UInt8] {
        let width = reader.width, height = reader.height, stride = c.columns * 8
        let ownWidth = (width * c.h + reader.hMax - 1) / reader.hMax, ownHeight = (height * c.v + reader.vMax - 1) / reader.vMax
        let across = reader.hMax / c.h, down = reader.vMax / c.v
        let isSmooth = c.h * across == reader.hMax && across == 2 && c.v * down == reader.vMax && down <= 2 && ownWidth > 2
        var out = [UInt8](repeating: 0, count: width * height)
        for y in 0..<height {
            let row = y * c.v / reader.vMax
            if isSmooth {
                let near = row * stride
                let other = down == 1 ? row : y & 1 == 0 ? max(0, row - 1) : min(ownHeight - 1, row + 1)
                smoothRow(samples, near, other * stride, ownWidth, down == 2, &out, y * width, width)
            } else {
                for x in 0..<width { out[y * width + x] = samples[row * stride + x * c.h / reader.hMax] }
            }
        }
        return out
    }

    /// Doubles one row; with `blends`, of the column sums of a row and its neighbour.
    private static func smoothRow(_ s: [UInt8], _ near: Int, _ far: Int, _ count: Int, _ blends: Bool, _ out: inout [UInt8], _ start: Int, _ width: Int) {
        func sum(_ i: Int) -> Int { blends ? Int(s[near + i]) * 3 + Int(s[far + i]) : Int(s[near + i]) }
        let shift = blends ? 4 : 2, leftRound = blends ? 8 : 1, rightRound = blends ? 7 : 2
        for i in 0..<count {
            let this = sum(i)
            let left = sum(max(0, i - 1)), right = sum(min(count - 1, i + 1))
            out[start + 2 * i] = UInt8((this * 3 + left + leftRound) >> shift)
            if 2 * i + 1 < width { out[start + 2 * i + 1] = UInt8((this * 3 + right + rightRound) >> shift) }
        }
    }
}
