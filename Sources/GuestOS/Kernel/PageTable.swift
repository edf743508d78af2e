// A process's page table: two levels of 256, one entry for each of the 65,536 pages of a 4 GiB linear memory.

import ABI

enum PageState: UInt8 {
    case absent         // never touched or released: reads as zero
    case zero           // mapped read-only to the shared zero frame
    case resident       // value: frame
    case filled         // every 32-bit word equals value
    case compressed     // value: entry of the compressed pool
    case swapped        // value: swap slot
    case swappingIn     // value: swap request, which owns the frame
    case swappingOut    // value: swap request, which owns the frame
    case shared         // value: frame of a shared object, mapped
}

struct PageEntry {
    var state: PageState = .absent
    var isWritable = false
    var value: UInt32 = 0
}

struct PageTable {
    private var leaves: [[PageEntry]] = [[PageEntry]](repeating: [], count: 256)

    subscript(_ page: UInt32) -> PageEntry {
        get {
            let leaf = Int(page >> 8)
            return page < 65536 && !leaves[leaf].isEmpty ? leaves[leaf][Int(page & 255)] : PageEntry()
        }
        set {
            invariant(page < 65536, "page number beyond 4 GiB")
            let leaf = Int(page >> 8)
            if leaves[leaf].isEmpty {
                if newValue.state == .absent { return }
                leaves[leaf] = [PageEntry](repeating: PageEntry(), count: 256)
            }
            leaves[leaf][Int(page & 255)] = newValue
        }
    }
    /// Every page that is not absent, ascending.
    func forEach(_ body: (UInt32, PageEntry) -> Void) {
        for leaf in 0..<256 where !leaves[leaf].isEmpty {
            for i in 0..<256 where leaves[leaf][i].state != .absent { body(UInt32(leaf << 8 | i), leaves[leaf][i]) }
        }
    }
    /// The first page in `state` at or after `page`.
    func next(_ state: PageState, from page: UInt32) -> UInt32? {
        var page = page
        while page < 65536 {
            let leaf = Int(page >> 8)
            if leaves[leaf].isEmpty {
                page = UInt32(leaf + 1) << 8
                continue
            }
            if leaves[leaf][Int(page & 255)].state == state { return page }
            page += 1
        }
        return nil
    }
    /// Numbers of the pages in one of `states`, ascending.
    func pages(_ isWanted: (PageState) -> Bool) -> [UInt32] {
        var found: [UInt32] = []
        forEach { page, entry in if isWanted(entry.state) { found.append(page) } }
        return found
    }
}
