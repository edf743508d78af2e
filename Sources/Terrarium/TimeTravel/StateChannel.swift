// Owns the conversation between a timeline and its state processes: length-prefixed JSON over a stream socket, and
// descriptors passed beside it. Invariant: one request, one answer; when the other end is gone every call says so.

import Foundation
import Glibc
import Machine

/// The other end of a conversation is gone, or said something that cannot be understood.
struct ChannelClosed: Error {}

/// One end of a socket. Owns the descriptor.
final class StateChannel {
    let descriptor: Int32
    static let messageByteCountMax = 256 << 20

    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    func send<T: Encodable>(_ message: T) throws {
        let body = try JSONEncoder().encode(message)
        var bytes = [UInt8]()
        bytes.reserveCapacity(body.count + 4)
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: body.count >> shift)) }
        bytes += body
        var done = 0
        while done < bytes.count {
            let n = bytes[done...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if n < 0 && errno == EINTR { continue }
            guard n > 0 else { throw ChannelClosed() }
            done += n
        }
    }
    func receive<T: Decodable>(_ type: T.Type) throws -> T {
        let header = try read(4)
        let count = header.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        guard count <= Self.messageByteCountMax else { throw ChannelClosed() }
        return try JSONDecoder().decode(type, from: Data(try read(count)))
    }
    func send(descriptor other: Int32) throws { if !sendDescriptor(other, over: descriptor) { throw ChannelClosed() } }
    func receiveChannel() throws -> StateChannel {
        guard let other = receiveDescriptor(over: descriptor) else { throw ChannelClosed() }
        return StateChannel(other)
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let n = bytes[done...].withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if n < 0 && errno == EINTR { continue }
            guard n > 0 else { throw ChannelClosed() }
            done += n
        }
        return bytes
    }
}
