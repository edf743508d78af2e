// What the frames of animated GIF and WebP have in common.

/// What happens to the area of a frame before the next one is drawn.
enum FrameDisposal: UInt8 { case keep, background, previous }

enum FrameTiming {
    /// Delays of 10 ms and less are 100 ms, as in every browser (files that ask for "as fast as possible").
    static func effective(_ milliseconds: Int) -> Int { milliseconds <= 10 ? 100 : milliseconds }
}
