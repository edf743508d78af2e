// Owns the reasons for which a device drops a request that stands in a sound ring: it is given back unused and counted.
// A broken ring is a `QueueFault` and stops the queue; a request that can be answered with an error is no drop.

/// Why a device could not use a request, or only a part of it. Counted by reason; the device goes on.
public enum RequestDrop: Int, CaseIterable, Sendable {
    case headerMissing, answerRoom, receiveRoom, frameLength, tooLong
    public var name: String {
        switch self {
        case .headerMissing: "request shorter than its header"
        case .answerRoom: "no room for the answer"
        case .receiveRoom: "receive buffer too small"
        case .frameLength: "frame of an impossible length"
        case .tooLong: "request longer than the device takes"
        }
    }
}
