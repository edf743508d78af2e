// Reclaim as queued work, a page at a time: whole tabs to the pool or to swap, cold pages of tabs that stay awake, and
// pages brought back before they are asked for. The kernel runs it in idle time, after slices while memory is low, and in
// direct reclaim; a tab that wakes before its turn loses nothing.

import ABI
import Compression

public enum ReclaimKind: UInt8, Sendable { case hibernate, swapOut, compressCold, swapCold, prefetch }

/// Invariant: `left` pages at most are still moved; those of generation `minGeneration` and older.
public struct ReclaimJob: Sendable {
    public var space: UInt32
    public var kind: ReclaimKind
    public var minGeneration: UInt8
    public var left: UInt32
    /// Number of the decision that asked for it.
    public var ticket: Int
    /// Pages moved so far.
    public var done: UInt32 = 0
    var generation: UInt8
    var cursor: UInt32 = 0
    var takesCompressed: Bool

    public init(space: UInt32, kind: ReclaimKind, amount: UInt32 = .max, minGeneration: UInt8 = 0, ticket: Int = -1) {
        self.space = space
        self.kind = kind
        self.minGeneration = min(minGeneration, UInt8(MemoryLimits.generationCount - 1))
        self.ticket = ticket
        left = amount
        generation = UInt8(MemoryLimits.generationCount - 1)
        takesCompressed = kind == .swapCold
    }
    var isWholeTab: Bool { kind == .hibernate || kind == .swapOut }
}

extension MemoryManager {
    private enum Step { case moved, tried, finished, stuck }

    /// Queues work; it takes the place of earlier work of the same kind for the same tab, whole-tab work of all of it.
    /// `report` gets every job that is over for it. False: the queue is full.
    public func enqueue(_ job: ReclaimJob, report: (ReclaimJob) -> Void) -> Bool {
        cancelJobs(where: { $0.space == job.space && (job.isWholeTab || $0.kind == job.kind) }, report: report)
        guard jobs.count < MemoryLimits.jobCountMax else { return false }
        if job.kind == .prefetch { jobs.insert(job, at: 0) } else { jobs.append(job) }
        return true
    }
    public func cancelJobs(where isUnwanted: (ReclaimJob) -> Bool, report: (ReclaimJob) -> Void) {
        for job in jobs where isUnwanted(job) { report(job) }
        jobs.removeAll(where: isUnwanted)
    }
    public func hasJob(_ space: UInt32) -> Bool { jobs.contains { $0.space == space } }
    /// Whole-tab reclaim of the space is not done yet.
    public func isFallingAsleep(_ space: UInt32) -> Bool { jobs.contains { $0.space == space && $0.isWholeTab } }

    /// Moves one page. False when there is nothing that could be done now. `report` gets every job that is over.
    public func workOnePage(report: (ReclaimJob) -> Void) -> Bool {
        var i = 0
        while i < jobs.count {
            // In direct reclaim nothing is brought back, and nobody's pages go while its call is served.
            guard let s = space(jobs[i].space), served.isEmpty || (jobs[i].kind != .prefetch && !served.contains(s.id)) else {
                i += 1
                continue
            }
            switch step(&jobs[i], s) {
            case .moved, .tried: return true
            case .stuck: i += 1
            case .finished:
                let job = jobs.remove(at: i)
                if job.isWholeTab { fallAsleep(s) }
                report(job)
            }
        }
        return false
    }
    private func step(_ job: inout ReclaimJob, _ s: AddressSpace) -> Step {
        guard job.left > 0 else { return .finished }
        let step: Step
        switch job.kind {
        case .hibernate: step = hibernateStep(&job, s)
        case .swapOut: step = swapOutStep(&job, s)
        case .compressCold, .swapCold: step = coldStep(&job, s)
        case .prefetch: step = prefetchStep(&job, s)
        }
        if step == .moved {
            job.left -= 1
            job.done += 1
        }
        return step
    }
    private func isPrivate(_ e: PageEntry) -> Bool { e.state == .resident && frames.count(e.value) == 1 }

    private func hibernateStep(_ job: inout ReclaimJob, _ s: AddressSpace) -> Step {
        guard let page = s.pageTable.next(from: job.cursor, isPrivate) else { return .finished }
        job.cursor = page + 1
        switch compress(s, page) {
        case .moved: return .moved
        case .refused: return startSwapOut(s, page) ? .moved : .tried
        case .noRoom: return .tried
        }
    }
    private func swapOutStep(_ job: inout ReclaimJob, _ s: AddressSpace) -> Step {
        guard let page = s.pageTable.next(from: job.cursor, { isPrivate($0) || $0.state == .compressed }) else { return .finished }
        return moveOut(&job, s, page)
    }
    /// A page to swap, unless it is one repeated word.
    private func moveOut(_ job: inout ReclaimJob, _ s: AddressSpace, _ page: UInt32) -> Step {
        if s.pageTable[page].state == .resident {
            if !giveUpFilled(s, page), !startSwapOut(s, page) { return swap.slots.freeCount == 0 ? .finished : .stuck }
        } else if !startSwapOutOfCompressed(s, page) {
            return swap.slots.freeCount == 0 ? .finished : .stuck
        }
        job.cursor = page + 1
        return .moved
    }
    /// The oldest first: what is compressed already (for swap), then generation by generation.
    private func coldStep(_ job: inout ReclaimJob, _ s: AddressSpace) -> Step {
        let isSwap = job.kind == .swapCold
        while true {
            let wanted = job.generation, compressed = job.takesCompressed
            let page = s.pageTable.next(from: job.cursor) { e in
                compressed ? e.state == .compressed : isPrivate(e) && e.generation == wanted && (isSwap || !e.marks.contains(.refused))
            }
            if let page {
                if isSwap { return moveOut(&job, s, page) }
                job.cursor = page + 1
                return compress(s, page) == .moved ? .moved : .tried        // the time was spent, but no page was freed
            }
            job.cursor = 0
            if compressed { job.takesCompressed = false } else if wanted > job.minGeneration { job.generation -= 1 } else { return .finished }
        }
    }
    /// The next page of the recorded working set that is not there.
    private func prefetchStep(_ job: inout ReclaimJob, _ s: AddressSpace) -> Step {
        while Int(job.cursor) < s.workingSet.pages.count {
            let page = s.workingSet.pages[Int(job.cursor)]
            let state = s.pageTable[page].state
            job.cursor += 1
            guard state == .compressed || state == .swapped else { continue }
            // Never at the cost of what is needed now.
            guard frames.freeCount > 2 * MemoryLimits.reserveFrameCount, swap.requestCount < MemoryLimits.swapRequestCountMax,
                  let frame = frames.allocate(state == .swapped ? .swap : .process) else { return .finished }
            if state == .swapped { startSwapIn(s, page, into: frame, isPrefetch: true) } else { unpackUnasked(s, page, into: frame) }
            return .moved
        }
        return .finished
    }

    // MARK: One page

    private enum Fit { case moved, refused, noRoom }

    /// A private page: to one word, or into the pool, or it stays.
    private func compress(_ s: AddressSpace, _ page: UInt32) -> Fit {
        if s.pageTable[page].marks.contains(.refused) { return .refused }
        switch pool.classify(hardware.frameAddress(s.pageTable[page].value)) {
        case .filled(let word):
            replaceByWord(s, page, word)
            return .moved
        case .compressible(let byteCount):
            chargeCompression()
            guard let slot = pool.store(byteCount: byteCount, address: { hardware.frameAddress($0) }, newFrame: { frames.allocate(.pool) }) else { return .noRoom }
            giveUp(s, page)
            var entry = PageEntry(state: .compressed, isWritable: false, value: slot)
            entry.evictedAt = countEviction()
            s.pageTable[page] = entry
            s.counts.compressed += 1
            counters.compressions += 1
            return .moved
        case .incompressible:
            chargeCompression()
            refuse(s, page)
            return .refused
        }
    }
    private func chargeCompression() {
        charge(costs.compressPage)
        counters.compressionNanoseconds += costs.compressPage
    }
    /// Remembers that the codec cannot shrink the page. It is mapped read-only from now on: a write forgets it.
    private func refuse(_ s: AddressSpace, _ page: UInt32) {
        counters.refusals += 1
        hardware.unmap(task: s.task, page: page)
        s.pageTable[page].isWritable = false
        s.pageTable[page].marks.formUnion([.refused, .sampled])
    }
    private func giveUpFilled(_ s: AddressSpace, _ page: UInt32) -> Bool {
        guard let word = CompressedPool.repeatedWord(hardware.frameAddress(s.pageTable[page].value)) else { return false }
        replaceByWord(s, page, word)
        return true
    }
    private func replaceByWord(_ s: AddressSpace, _ page: UInt32, _ word: UInt32) {
        giveUp(s, page)
        s.pageTable[page] = PageEntry(state: word == 0 ? .absent : .filled, isWritable: false, value: word)
        if word != 0 { s.counts.filled += 1 }
        charge(costs.pageZero)
    }
    private func giveUp(_ s: AddressSpace, _ page: UInt32) {
        s.counts.resident -= 1
        hardware.unmap(task: s.task, page: page)
        frames.release(s.pageTable[page].value)
    }
    /// The last of a whole tab's pages is on its way: mappings of the zero frame and the native stack go too.
    private func fallAsleep(_ s: AddressSpace) {
        for page in s.pageTable.pages({ $0 == .zero }) {
            s.pageTable[page] = PageEntry()
            hardware.unmap(task: s.task, page: page)
        }
        hardware.parkTask(s.task)
    }
}
