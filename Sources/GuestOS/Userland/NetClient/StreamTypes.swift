// What users of the network see: stream events and the class-bound face of a byte stream, so that protocols above
// (HTTP) can be driven by a scripted peer in tests.

import ABI

/// What happened on a stream. `failed` and `closed` are the last event; `finished` means the peer sends no more.
public enum StreamEvent {
    case connected
    case data([UInt8])
    /// Room to send again after `canSend` was false.
    case writable
    case finished
    case closed
    case failed(NetworkError)
}

/// A connected (or connecting) stream of bytes. Bytes sent before it is connected are kept and sent then.
public protocol ByteStream: AnyObject {
    func send(_ bytes: [UInt8])
    /// Ends our side after everything sent so far; the peer's data still arrives.
    func close()
    /// Resets the stream; no further events.
    func abort()
    /// Done with the stream: it is closed in the background; no further events. Data not yet sent is still sent.
    func release()
}

/// Something that opens streams: `NetworkClient`, or a scripted peer.
public protocol StreamConnector: AnyObject {
    func openStream(host: String, port: UInt16, events: @escaping (StreamEvent) -> Void) -> any ByteStream
}
