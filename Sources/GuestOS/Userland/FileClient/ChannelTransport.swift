// The channel to the file service.

import ABI
import Runtime

extension FileClient {
    /// Connects to the service; throws `serviceGone` when there is none.
    public static func connect() throws(FileError) -> FileClient {
        do throws(SystemError) { return FileClient(ChannelTransport(try System.connect("files"))) } catch { throw .serviceGone }
    }
}

final class ChannelTransport: FileTransport {
    /// The service answers within one turn of its own; this is long even for a machine that swaps.
    private static let patienceNanoseconds: UInt64 = 10_000_000_000
    private let channel: Channel
    private var memory: SharedMemory?

    init(_ channel: Channel) { self.channel = channel }

    func exchange(_ message: [UInt8], withMemory: Bool) throws(FileError) -> [UInt8] {
        do throws(SystemError) {
            var handles: [Handle] = []
            if withMemory, let memory { handles = [try memory.handle.duplicate([.read, .write, .map, .transfer])] }
            do throws(SystemError) { try channel.send(message, handles: handles) } catch {
                for h in handles { h.close() }
                throw error
            }
            let deadline = System.deadline(System.now + ChannelTransport.patienceNanoseconds)
            while true {
                if let reply = try channel.receive() {
                    for h in reply.handles { h.close() }
                    return reply.bytes
                }
                try System.wait(channel.handle, [.readable, .peerClosed], deadline: deadline)
            }
        } catch { throw error == .timedOut ? .timedOut : .serviceGone }
    }
    func makeMemory(byteCount: Int) throws(FileError) -> UnsafeMutableRawBufferPointer {
        do throws(SystemError) {
            let made: SharedMemory
            if let memory { made = memory } else { made = try SharedMemory.create(byteCount: byteCount) }
            memory = made
            return UnsafeMutableRawBufferPointer(start: made.base, count: made.byteCount)
        } catch { throw .noSpace }
    }
    func close() {
        if let memory { memory.unmap(); memory.handle.close() }
        memory = nil
        channel.close()
    }
}
