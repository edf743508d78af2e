// Computed values of the grid properties (CSS Grid 2 §7–§8).

/// One side of a track's minmax().
public enum TrackBreadth: Equatable, Sendable {
    case length(Length)
    /// 16.16 fixed point.
    case fr(Int32)
    case auto, minContent, maxContent
    case fit(Length)
}

public struct GridTrack: Equatable, Sendable {
    public var min = TrackBreadth.auto, max = TrackBreadth.auto
    public init(min: TrackBreadth = .auto, max: TrackBreadth = .auto) { self.min = min; self.max = max }
}

/// grid-template-columns or -rows. `names[i]` are the names of the line before track i; one more than tracks, or none.
public struct GridTemplate: Equatable, Sendable {
    public var tracks: [GridTrack] = []
    public var names: [[String]] = []
    /// Tracks that repeat(auto-fill) or repeat(auto-fit) repeats; -1 when there is none.
    public var repeatStart = -1, repeatCount = 0, fits = false
    public init() {}
}

public struct GridAutoFlow: Equatable, Sendable {
    public var isColumn = false, isDense = false
    public init(isColumn: Bool = false, isDense: Bool = false) { self.isColumn = isColumn; self.isDense = isDense }
}

/// grid-row-start and its siblings: auto, a line number, a span, or a name with either.
public struct GridLine: Equatable, Sendable {
    public var number: Int32 = 0
    public var isSpan = false
    public var name = ""
    public var isAuto: Bool { number == 0 && !isSpan && name.isEmpty }
    public init() {}
}

enum SpecifiedBreadth {
    case value(Value), fit(Value), fr(Int32), auto, minContent, maxContent
}
struct SpecifiedTemplate {
    var tracks: [(SpecifiedBreadth, SpecifiedBreadth)] = []
    var names: [[String]] = []
    var repeatStart = -1, repeatCount = 0, fits = false
}
