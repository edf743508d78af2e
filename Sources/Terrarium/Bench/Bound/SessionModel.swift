// What the bound knows of a session: which pages each visit of a tab touched, how well they compress, what bringing them
// back costs. Taken from a probe run with ample memory (SessionProbe); explained in docs/internals/memory-bound.md.

import Foundation

public struct SessionModel: Codable, Sendable, Equatable {
    public struct Tab: Codable, Sendable, Equatable {
        public var id: UInt32
        /// Compressed size of its pages, per mille.
        public var storedPerMille: Int
        /// What loading its page again costs.
        public var reloadNanoseconds: Int64
        public init(id: UInt32, storedPerMille: Int, reloadNanoseconds: Int64) { self.id = id; self.storedPerMille = storedPerMille; self.reloadNanoseconds = reloadNanoseconds }
    }
    /// A time during which one tab was on screen.
    public struct Visit: Codable, Sendable, Equatable {
        public var tab: UInt32
        public var nanoseconds: UInt64
        /// Pages touched that had to be kept since they were touched before, as runs: first page, count, first page, count,
        /// …, ascending.
        public var pageRuns: [UInt32]
        /// Pages touched for the first time, or whose contents cost nothing to keep (zero, one repeated word).
        public var freshRuns: [UInt32]
        public init(tab: UInt32, nanoseconds: UInt64, pages: [UInt32], fresh: [UInt32] = []) {
            self.tab = tab; self.nanoseconds = nanoseconds
            pageRuns = Visit.runs(pages)
            freshRuns = Visit.runs(fresh)
        }
        public var pages: [UInt32] { Visit.pages(pageRuns) }
        public var fresh: [UInt32] { Visit.pages(freshRuns) }

        static func runs(_ pages: [UInt32]) -> [UInt32] {
            var runs: [UInt32] = []
            for page in pages.sorted() {
                if runs.count >= 2, runs[runs.count - 2] + runs[runs.count - 1] == page { runs[runs.count - 1] += 1 } else { runs += [page, 1] }
            }
            return runs
        }
        static func pages(_ runs: [UInt32]) -> [UInt32] { stride(from: 0, to: runs.count - 1, by: 2).flatMap { i in (0..<runs[i + 1]).map { runs[i] + $0 } } }
        static func isAscending(_ runs: [UInt32]) -> Bool {
            if runs.count % 2 != 0 { return false }
            var end: UInt64 = 0
            for i in stride(from: 0, to: runs.count, by: 2) {
                if runs[i + 1] == 0 || runs[i + 1] > 65536 || runs[i] > 65535 || UInt64(runs[i]) < end { return false }
                end = UInt64(runs[i]) + UInt64(runs[i + 1])
            }
            return true
        }
    }
    public var schema = 1
    public var scenario: String
    public var seed: UInt64
    /// Frames that tabs and their compressed pages can have: those of the machine less the fewest that others ever held.
    public var frames: Int
    /// Pages that fit on the swap device; 0 without one.
    public var swapPages: Int
    public var decompressNanoseconds: Int64, swapReadNanoseconds: Int64
    public var tabs: [Tab]
    public var visits: [Visit]

    public init(scenario: String, seed: UInt64, frames: Int, swapPages: Int, decompressNanoseconds: Int64, swapReadNanoseconds: Int64, tabs: [Tab], visits: [Visit]) {
        self.scenario = scenario; self.seed = seed; self.frames = frames; self.swapPages = swapPages
        self.decompressNanoseconds = decompressNanoseconds; self.swapReadNanoseconds = swapReadNanoseconds
        self.tabs = tabs; self.visits = visits
    }
    /// JSON with sorted keys.
    public func json() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: (try? encoder.encode(self)) ?? Data(), as: UTF8.self) + "\n"
    }
    public static func parse(_ data: Data, name: String) throws(TerrariumError) -> SessionModel {
        let model: SessionModel
        do { model = try JSONDecoder().decode(SessionModel.self, from: data) } catch { throw TerrariumError(.badData, "\(name) is not a session model (docs/internals/memory-bound.md): \(error)") }
        guard model.schema == 1 else { throw TerrariumError(.badData, "\(name) has schema \(model.schema); this simctl reads schema 1") }
        if let problem = model.problem { throw TerrariumError(.badData, "\(name): \(problem)") }
        return model
    }
    /// What does not fit together, or nil.
    var problem: String? {
        let known = Set(tabs.map(\.id))
        if known.count != tabs.count { return "a tab is named twice" }
        if frames < 0 || swapPages < 0 || decompressNanoseconds < 0 || swapReadNanoseconds < 0 || frames > 1 << 24 { return "a number is out of range" }
        if decompressNanoseconds > 1 << 32 || swapReadNanoseconds > 1 << 32 { return "a page takes more than four seconds" }
        for t in tabs where !(0...1000).contains(t.storedPerMille) || !(0...(1 << 40)).contains(t.reloadNanoseconds) { return "tab \(t.id): a number is out of range" }
        for v in visits {
            if !known.contains(v.tab) { return "a visit of tab \(v.tab), which is not in the list" }
            if !Visit.isAscending(v.pageRuns) || !Visit.isAscending(v.freshRuns) { return "page runs of a visit of tab \(v.tab) are not pairs in ascending order" }
        }
        return nil
    }
}
