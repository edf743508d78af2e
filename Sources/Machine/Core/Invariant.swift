// Owns the check for our own bugs: on in release, stops the program, names what was violated.

/// Stops when `condition` is false. For bugs of this program only, never for bad input.
@inline(__always)
public func invariant(
    _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
    file: StaticString = #fileID, line: UInt = #line
) {
    if !condition() { fatalError("invariant violated: " + message(), file: file, line: line) }
}
