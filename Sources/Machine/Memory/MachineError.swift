// The one error type that leaves the Machine module: a sentence for a person.

/// Something about the machine could not be set up or loaded; `message` is a full sentence.
public struct MachineError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public init(message: String) { self.message = message }
    public var description: String { message }
}
