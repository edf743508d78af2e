// A web server inside the machine's own network: a `LANHost` (the guest's own TCP/IP code) on the other end of a modelled
// link. It hands out an address, answers every host name with itself, and serves the image's pages on port 80. It runs
// in virtual time: what it does is a function of the frames it gets, so runs with it repeat exactly.

import Devices
import Foundation
import Machine
import NetStack

public final class PageServer: NetBackend, MachineDevice {
    /// A home connection: 20 ms there and back, 50 Mbit/s.
    public static let defaultLink = LinkModel(latencyNanoseconds: 10_000_000, bitsPerSecond: 50_000_000)

    public let name = "page server"
    private let link: LinkBackend
    private let host: LANHost
    private unowned let machine: Machine
    private var alarm: Tick?

    public init(machine: Machine, directory: Foundation.URL, model: LinkModel = PageServer.defaultLink) throws {
        guard FileManager.default.fileExists(atPath: directory.path) else {
            throw TerrariumError(.missing, "there are no pages in \(directory.path); build the image with 'make image'")
        }
        self.machine = machine
        link = LinkBackend(model: model, seed: machine.configuration.seed)
        let files = PageFiles(directory: directory)
        host = LANHost(seed: machine.configuration.seed ^ 0x7061_6765_7365_7276) { files.response($0.path) }
        link.onFrame = { [unowned self] frame in
            host.receive(frame, now: machine.now.nanoseconds)
            work()
        }
    }

    public func attach(_ port: NetPort) { link.attach(port) }
    public func transmit(_ frame: [UInt8]) { link.transmit(frame) }
    public var requestCount: UInt64 { host.requestsServed }

    public func stateHash() -> UInt64 {
        var hasher = StateHasher()
        hasher.add(host.requestsServed)
        hasher.add(host.stack.connectionCount)
        hasher.add(host.stack.counters.bytesSent)
        hasher.add(host.stack.counters.bytesReceived)
        return hasher.value
    }

    /// Does everything that can be done now, then sleeps until the host's next deadline.
    private func work() {
        let now = machine.now.nanoseconds
        var deadline = host.poll(now: now)
        while let frame = host.takeFrame() {
            link.send(frame)
            while let next = host.takeFrame() { link.send(next) }
            deadline = host.poll(now: now)
        }
        guard let deadline else { return }
        let tick = Tick(nanoseconds: max(deadline, now + 1))
        if let alarm, alarm <= tick, alarm > machine.now { return }
        alarm = tick
        machine.events.schedule(at: tick) { [unowned self] in
            if alarm == tick { alarm = nil }
            work()
        }
    }
}

/// The image's pages as responses; files are read once.
final class PageFiles {
    private let directory: Foundation.URL
    private var files: [String: [UInt8]] = [:]
    init(directory: Foundation.URL) { self.directory = directory.standardizedFileURL }

    /// A file below the folder; a folder means its `index.html`.
    func response(_ path: String) -> HTTPServerResponse {
        var name = path.removingPercentEncoding ?? path
        if name.hasSuffix("/") { name += "index.html" }
        let location = directory.appendingPathComponent(name).standardizedFileURL
        guard location.path.hasPrefix(directory.path + "/") else { return .notFound(path) }
        if files[name] == nil { files[name] = FileManager.default.contents(atPath: location.path).map { [UInt8]($0) } }
        guard let content = files[name] else { return .notFound(path) }
        var response = HTTPServerResponse(contentType: PageFiles.contentType(location.pathExtension), body: content)
        response.headers = headers(location)
        return response
    }
    /// More header fields of a file, one `Name: value` a line, stand in `FILE.headers` beside it.
    private func headers(_ location: Foundation.URL) -> [(name: String, value: String)] {
        guard let text = try? String(contentsOf: location.appendingPathExtension("headers"), encoding: .utf8) else { return [] }
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].trimmingCharacters(in: .whitespaces), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
    }

    static func contentType(_ suffix: String) -> String {
        switch suffix {
        case "html", "htm": "text/html; charset=utf-8"
        case "css": "text/css"
        case "png": "image/png"
        case "bmp": "image/bmp"
        case "svg": "image/svg+xml"
        case "gif": "image/gif"
        case "txt": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
