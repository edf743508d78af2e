// The one entry of Exif data that changes how a picture looks: its orientation (TIFF 6.0 tag 274).

enum Exif {
    /// The orientation, 1 to 8, from TIFF data between two places.
    static func orientation(_ bytes: [UInt8], _ start: Int, _ stop: Int) -> Int? {
        guard stop <= bytes.count, stop - start >= 8 else { return nil }
        let isLittle = bytes[start] == 0x49
        guard isLittle ? bytes[start + 1] == 0x49 : bytes[start] == 0x4D && bytes[start + 1] == 0x4D else { return nil }
        func short(_ i: Int) -> Int { isLittle ? bytes.little16(i) : bytes.big16(i) }
        let high = isLittle ? short(start + 6) : short(start + 4), low = isLittle ? short(start + 4) : short(start + 6)
        let offset = high << 16 | low
        guard high == 0, offset >= 8, start + offset + 2 <= stop else { return nil }
        let directory = start + offset
        for i in 0..<short(directory) {
            let entry = directory + 2 + 12 * i
            guard entry + 12 <= stop else { return nil }
            if short(entry) == 274, short(entry + 2) == 3 {
                let value = short(entry + 8)
                return (1...8).contains(value) ? value : nil
            }
        }
        return nil
    }

    /// The picture as it is to be looked at.
    static func turned(_ picture: StraightPicture, _ orientation: Int) -> StraightPicture {
        if orientation <= 1 || orientation > 8 { return picture }
        let (w, h) = (picture.width, picture.height)
        let isSideways = orientation >= 5
        var out = StraightPicture(width: isSideways ? h : w, height: isSideways ? w : h)
        let outWidth = out.width
        picture.pixels.withUnsafeBufferPointer { source in
            out.pixels.withUnsafeMutableBufferPointer { out in
                for y in 0..<h {
                    for x in 0..<w {
                        let (tx, ty): (Int, Int)
                        switch orientation {
                        case 2: (tx, ty) = (w - 1 - x, y)
                        case 3: (tx, ty) = (w - 1 - x, h - 1 - y)
                        case 4: (tx, ty) = (x, h - 1 - y)
                        case 5: (tx, ty) = (y, x)
                        case 6: (tx, ty) = (h - 1 - y, x)
                        case 7: (tx, ty) = (h - 1 - y, w - 1 - x)
                        default: (tx, ty) = (y, w - 1 - x)
                        }
                        out[ty * outWidth + tx] = source[y * w + x]
                    }
                }
            }
        }
        return out
    }
}
