// A device with a planted bug that the fuzzer must find: an entropy source that writes one byte past the room it was
// given when that room is a multiple of 16. It stands in the entropy device's place with `--canary`.
import Devices
import Machine

final class CanaryDevice: VirtIODevice {
    let name = "entropy"
    let deviceID: UInt32 = 4
    let deviceFeatures: UInt64 = 0
    let queueSizes = [16]
    let configuration: [UInt8] = []
    private unowned(unsafe) var transport: VirtIOTransport!

    func connect(_ transport: VirtIOTransport) { self.transport = transport }
    func notified(queue: Int) {
        while let chain = transport.pop(0) {
            transport.complete(0, after: 2_000) { [unowned self] in
                let count = chain.writableByteCount
                chain.forEachWritable(offset: 0, count: count) { buffer, position in
                    for index in 0..<buffer.count { buffer[index] = UInt8(truncatingIfNeeded: index) }
                    let isLast = position + buffer.count == count
                    if isLast, count % 16 == 0 { buffer.baseAddress!.storeBytes(of: 0x42, toByteOffset: buffer.count, as: UInt8.self) }
                }
                transport.push(0, chain, byteCount: count)
            }
        }
    }
    func reset() {}
    func hash(into hasher: inout StateHasher) {}
}
