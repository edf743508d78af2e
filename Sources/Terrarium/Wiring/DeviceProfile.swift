// What a class of devices is like: speeds of processor, memory, swap, network and display. A profile is a file in
// `images/profiles` (docs/formats/profile.md); what of it decides a run goes into the trace header as numbers, so that a
// replay needs no file.

import Devices
import Foundation
import Kernel

/// The numbers of a device beside processor frequency and memory size.
public struct DeviceModel: Equatable, Sendable {
    /// Nanoseconds for a page of 64 KiB.
    public var compressPage: UInt64, decompressPage: UInt64
    /// All other kernel work against the standard machine's, per mille.
    public var kernelPerMille: UInt64
    /// The swap device: a request, and its bandwidth.
    public var swapRequestNanoseconds: UInt64, swapReadBytesPerMicrosecond: UInt64, swapWriteBytesPerMicrosecond: UInt64
    /// To the page server and back; bits a second; frames lost of a million.
    public var roundTripNanoseconds: UInt64, bitsPerSecond: UInt64, lossPerMillion: UInt32
    /// The display device: a command, and the bytes it moves.
    public var gpuRequestNanoseconds: UInt64, gpuBytesPerMicrosecond: UInt64

    static let key = "device"
    /// As it stands in a trace header.
    var text: String {
        [compressPage, decompressPage, kernelPerMille, swapRequestNanoseconds, swapReadBytesPerMicrosecond, swapWriteBytesPerMicrosecond, roundTripNanoseconds, bitsPerSecond, UInt64(lossPerMillion),
         gpuRequestNanoseconds, gpuBytesPerMicrosecond].map { "\($0)" }.joined(separator: ",")
    }
    init?(text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
        let v = parts.compactMap { $0 }
        guard parts.count == 11, v.count == 11, v.allSatisfy({ $0 <= 1 << 40 }), v[8] <= 1_000_000 else { return nil }
        (compressPage, decompressPage, kernelPerMille) = (v[0], v[1], v[2])
        (swapRequestNanoseconds, swapReadBytesPerMicrosecond, swapWriteBytesPerMicrosecond) = (v[3], v[4], v[5])
        (roundTripNanoseconds, bitsPerSecond, lossPerMillion) = (v[6], v[7], UInt32(v[8]))
        (gpuRequestNanoseconds, gpuBytesPerMicrosecond) = (v[9], v[10])
    }

    /// What policies are told a page costs at that bandwidth.
    func swapPageNanoseconds(_ bytesPerMicrosecond: UInt64) -> UInt64 { swapRequestNanoseconds + 65536 * 1000 / max(1, bytesPerMicrosecond) }
    var swapCost: BlockCost {
        BlockCost(read: DeviceCost(requestNanoseconds: swapRequestNanoseconds, bytesPerMicrosecond: swapReadBytesPerMicrosecond),
                  write: DeviceCost(requestNanoseconds: swapRequestNanoseconds, bytesPerMicrosecond: swapWriteBytesPerMicrosecond), flushNanoseconds: 1_000_000, seekNanosecondsMin: 0, seekNanosecondsMax: 0)
    }
    var link: LinkModel { LinkModel(latencyNanoseconds: roundTripNanoseconds / 2, bitsPerSecond: bitsPerSecond, lossPerMillion: lossPerMillion) }
    var gpuCost: DeviceCost { DeviceCost(requestNanoseconds: gpuRequestNanoseconds, bytesPerMicrosecond: gpuBytesPerMicrosecond) }
    /// The kernel's cost table on this device.
    func apply(to costs: inout CostModel) {
        func scaled(_ v: UInt64) -> UInt64 { max(1, v * kernelPerMille / 1000) }
        costs.systemCall = scaled(costs.systemCall)
        costs.contextSwitch = scaled(costs.contextSwitch)
        costs.fault = scaled(costs.fault)
        costs.pageZero = scaled(costs.pageZero)
        costs.pageCopy = scaled(costs.pageCopy)
        costs.pageMap = scaled(costs.pageMap)
        costs.copyPerKiB = scaled(costs.copyPerKiB)
        costs.spawn = scaled(costs.spawn)
        costs.cloneBase = scaled(costs.cloneBase)
        costs.clonePerPage = scaled(costs.clonePerPage)
        costs.interrupt = scaled(costs.interrupt)
        costs.perItem = scaled(costs.perItem)
        costs.compressPage = compressPage
        costs.decompressPage = decompressPage
    }
}

/// A profile as its file says it.
public struct DeviceProfile: Sendable {
    private struct File: Decodable {
        struct Page: Decodable { var compressMicroseconds: UInt64; var decompressMicroseconds: UInt64 }
        struct Swap: Decodable { var requestMicroseconds: UInt64; var readMegabytesPerSecond: UInt64; var writeMegabytesPerSecond: UInt64 }
        struct Network: Decodable { var roundTripMilliseconds: UInt64; var kilobitsPerSecond: UInt64; var lossPerMillion: UInt32? }
        struct Display: Decodable { var commandMicroseconds: UInt64; var megabytesPerSecond: UInt64 }
        struct Source: Decodable { var figure: String; var source: String }
        var schema: Int
        var name: String, summary: String
        var cpuMHz: UInt32
        var ramMiB: Int, swapMiB: Int
        var kernelPerMille: UInt64
        var page: Page
        var swap: Swap
        var network: Network
        var display: Display
        var sources: [Source]
    }
    public let name: String, summary: String
    public let cpuMHz: UInt32
    public let ramByteCount: Int, swapByteCount: Int
    public let model: DeviceModel
    public let sources: [(figure: String, source: String)]

    public static func load(_ path: URL) throws -> DeviceProfile {
        guard let data = FileManager.default.contents(atPath: path.path) else {
            let names = names(in: path.deletingLastPathComponent())
            throw TerrariumError(.missing, "there is no device profile \(path.path)\(names.isEmpty ? "" : "; there are: \(names.joined(separator: ", "))")")
        }
        let f: File
        do { f = try JSONDecoder().decode(File.self, from: data) } catch { throw TerrariumError(.badData, "\(path.path) is not a device profile (docs/formats/profile.md): \(Scenario.reason(error))") }
        guard f.schema == 1 else { throw TerrariumError(.badData, "\(path.path) has schema \(f.schema), this simctl reads 1") }
        let numbers = [f.page.compressMicroseconds, f.page.decompressMicroseconds, f.swap.requestMicroseconds, f.swap.readMegabytesPerSecond, f.swap.writeMegabytesPerSecond, f.network.roundTripMilliseconds,
                       f.display.commandMicroseconds, f.display.megabytesPerSecond]
        guard numbers.allSatisfy({ $0 <= 1_000_000 }) else { throw TerrariumError(.badData, "\(path.path): times and bandwidths are at most 1000000") }
        guard (10...100_000).contains(f.cpuMHz), (64...4096).contains(f.ramMiB), (0...16384).contains(f.swapMiB), (100...100_000).contains(f.kernelPerMille), (1...1_000_000).contains(f.network.kilobitsPerSecond),
              let model = DeviceModel(text: [f.page.compressMicroseconds * 1000, f.page.decompressMicroseconds * 1000, f.kernelPerMille, f.swap.requestMicroseconds * 1000, f.swap.readMegabytesPerSecond, f.swap.writeMegabytesPerSecond,
                                             f.network.roundTripMilliseconds * 1_000_000, f.network.kilobitsPerSecond * 1000, UInt64(f.network.lossPerMillion ?? 0), f.display.commandMicroseconds * 1000, f.display.megabytesPerSecond].map { "\($0)" }.joined(separator: ","))
        else { throw TerrariumError(.badData, "\(path.path): cpuMHz is 10 to 100000, ramMiB 64 to 4096, swapMiB up to 16384, kernelPerMille 100 to 100000, kilobitsPerSecond 1 to 1000000") }
        return DeviceProfile(name: f.name, summary: f.summary, cpuMHz: f.cpuMHz, ramByteCount: f.ramMiB << 20, swapByteCount: f.swapMiB << 20, model: model, sources: f.sources.map { ($0.figure, $0.source) })
    }
    /// Names of the profiles in a folder.
    public static func names(in folder: URL) -> [String] { Scenario.names(in: folder) }

    public func apply(to c: inout SimulationConfiguration) {
        c.cpuMHz = cpuMHz
        c.ramByteCount = ramByteCount
        c.swapByteCount = swapByteCount
        c.device = model
    }
}
