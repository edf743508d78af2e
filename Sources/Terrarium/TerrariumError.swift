/// A problem that a person can mend, with the way out in its message.
public struct TerrariumError: Error, CustomStringConvertible {
    public enum Kind: Sendable { case missing, badData, unavailable, failed }
    public let kind: Kind
    public let message: String
    public init(_ kind: Kind, _ message: String) { self.kind = kind; self.message = message }
    public var description: String { message }
}
