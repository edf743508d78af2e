// The software cursor: drawn last into the framebuffer, over pixels saved beforehand, so that moving it composes nothing.
// Invariant: while shown, `saved` holds exactly the pixels under it.

import ABI
import Graphics

/// Shapes as rows of characters: '#' dark, '.' light, ' ' nothing.
enum CursorArt {
    static func rows(_ shape: CursorShape) -> [StaticString] {
        switch shape {
        case .arrow:
            return ["#           ", "##          ", "#.#         ", "#..#        ", "#...#       ", "#....#      ", "#.....#     ", "#......#    ",
                    "#.......#   ", "#........#  ", "#.........# ", "#......#####", "#...#..#    ", "#..# #..#   ", "#.#  #..#   ", "##    #..#  ",
                    "#     #..#  ", "       ##   "]
        case .pointer:
            return ["    ##       ", "   #..#      ", "   #..#      ", "   #..#      ", "   #..###    ", "   #..#..##  ", "   #..#..#.# ", "## #..#..#..#",
                    "#.##........#", "#..#........#", " #..........#", " #..........#", "  #.........#", "  #........# ", "   #.......# ", "   #......#  ",
                    "   ########  "]
        case .text:
            return ["### ###", "#..#..#", "###.###", "  #.#  ", "  #.#  ", "  #.#  ", "  #.#  ", "  #.#  ", "  #.#  ", "  #.#  ", "  #.#  ", "  #.#  ", "  #.#  ",
                    "###.###", "#..#..#", "### ###"]
        }
    }
    static func hotSpot(_ shape: CursorShape) -> (x: Int32, y: Int32) {
        switch shape {
        case .arrow: (0, 0)
        case .pointer: (4, 0)
        case .text: (3, 8)
        }
    }
}

struct CursorSprite {
    private(set) var shownRect = Rect.zero
    private var saved: [UInt32] = []
    private(set) var isShown = false

    /// Where the sprite goes for a pointer at (x, y).
    static func rect(_ shape: CursorShape, _ x: Int32, _ y: Int32) -> Rect {
        let rows = CursorArt.rows(shape), hot = CursorArt.hotSpot(shape)
        return Rect(x - hot.x, y - hot.y, Int32(rows[0].utf8CodeUnitCount), Int32(rows.count))
    }
    mutating func show(_ shape: CursorShape, _ x: Int32, _ y: Int32, on surface: Surface) {
        if isShown { hide(on: surface) }
        let full = Self.rect(shape, x, y)
        shownRect = full.intersection(surface.bounds)
        saved.removeAll(keepingCapacity: true)
        isShown = true
        let rows = CursorArt.rows(shape)
        for py in shownRect.y..<max(shownRect.y, shownRect.maxY) {
            let row = surface.row(Int(py)), art = rows[Int(py - full.y)].utf8Start
            for px in shownRect.x..<shownRect.maxX {
                saved.append(row[Int(px)])
                let c = art[Int(px - full.x)]
                if c == 35 { row[Int(px)] = 0xFF10_1010 } else if c == 46 { row[Int(px)] = 0xFFFF_FFFF }
            }
        }
    }
    mutating func hide(on surface: Surface) {
        if !isShown { return }
        isShown = false
        var i = 0
        for py in shownRect.y..<max(shownRect.y, shownRect.maxY) {
            let row = surface.row(Int(py))
            for px in shownRect.x..<shownRect.maxX { row[Int(px)] = saved[i]; i += 1 }
        }
    }
}
