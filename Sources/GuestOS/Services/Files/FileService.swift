// Joins the sessions to the kernel. A session whose client does not read its replies is not served until it does; one whose
// client breaks the protocol or is gone ends, and its open files are closed.

import ABI
import Runtime

public final class FileService {
    public static let serviceName = "files"
    private static let messagesPerEvent = 32
    /// What a crash of the machine can take from a program that does not call `sync`.
    static let commitDelayNanoseconds: UInt64 = 100_000_000
    static let retryNanoseconds: UInt64 = 1_000_000_000

    private final class Client {
        let channel: Channel
        let session: FileSession
        var token = Reactor.Token.none
        var waitingReply: [UInt8]?
        var memory: SharedMemory?
        init(_ channel: Channel, _ session: FileSession) { self.channel = channel; self.session = session }
    }
    private let reactor: Reactor
    private let registration: Channel
    private let tree: FileTree
    private let data: DataVolume?
    private var commitTimer: Reactor.Token?
    private var clients: [Client] = []
    /// Sessions that ended because their client broke the protocol, and clients turned away because there were too many.
    public private(set) var brokenCount: UInt64 = 0, refusedCount: UInt64 = 0

    /// Mounts what there is and registers the service.
    public init(system: Handle, disk: Handle? = nil, reactor: Reactor = .main) throws(SystemError) {
        self.reactor = reactor
        data = disk.flatMap { DataVolume.mount($0) { System.log("files: /data: " + $0) } }
        var mounts: [(name: String, volume: any FileVolume)] = [("system", ArchiveVolume(KernelArchive())), ("tmp", MemoryVolume())]
        if let data { mounts.insert(("data", data), at: 0) }
        tree = FileTree(mounts)
        registration = try System.register(FileService.serviceName, system: system)
    }
    public func start() {
        reactor.watch(registration.handle, .readable) { [self] _ in acceptClients() }
        commitSoon()
    }

    /// Commits changes of /data a little later, so that those which come together share a commit. A commit that failed is
    /// tried again less often.
    private func commitSoon() {
        guard let data, data.hasChanges, commitTimer == nil else { return }
        commitTimer = reactor.after(data.isFailing ? FileService.retryNanoseconds : FileService.commitDelayNanoseconds) { [self] in
            commitTimer = nil
            try? data.sync()   // the volume says on the console that it failed
            commitSoon()
        }
    }

    private func acceptClients() {
        while let message = (try? registration.receive()) ?? nil {
            for h in message.handles { accept(Channel(h)) }
        }
    }
    private func accept(_ channel: Channel) {
        guard clients.count < FileLimits.sessionCountMax else {
            refusedCount += 1
            channel.close()
            return
        }
        let client = Client(channel, FileSession(tree))
        clients.append(client)
        listen(client)
    }
    private func listen(_ client: Client) {
        client.token = reactor.watch(client.channel.handle, [.readable, .peerClosed]) { [self] _ in serve(client) }
    }
    private func serve(_ client: Client) {
        defer { commitSoon() }
        for _ in 0..<FileService.messagesPerEvent {
            do throws(SystemError) {
                guard let message = try client.channel.receive() else { return }
                guard answer(message, client) else { return }
            } catch {
                end(client)
                return
            }
        }
    }
    /// False when the session takes no more messages now.
    private func answer(_ message: Channel.Message, _ client: Client) -> Bool {
        var unused = message.handles
        let answer = client.session.handle(message.bytes, now: System.wallClock) {
            guard unused.count == 1 else { return .failure(.invalidArgument) }
            return attach(unused.removeFirst(), client)
        }
        for h in unused { h.close() }
        switch answer {
        case .reply(let bytes): return send(bytes, client)
        case .broken:
            brokenCount += 1
            System.log("files: a client broke the protocol and was disconnected")
            end(client)
            return false
        }
    }
    private func attach(_ handle: Handle, _ client: Client) -> Result<UnsafeMutableRawBufferPointer, FileError> {
        do throws(SystemError) {
            let memory = try SharedMemory.map(handle, writable: true)
            guard memory.byteCount <= FileLimits.sharedByteCountMax else {
                memory.unmap()
                handle.close()
                return .failure(.tooLarge)
            }
            client.memory = memory
            return .success(UnsafeMutableRawBufferPointer(start: memory.base, count: memory.byteCount))
        } catch {
            handle.close()
            return .failure(.invalidArgument)
        }
    }
    private func send(_ reply: [UInt8], _ client: Client) -> Bool {
        do throws(SystemError) {
            try client.channel.send(reply)
            return true
        } catch {
            guard error == .wouldBlock else { end(client); return false }
            client.waitingReply = reply
            reactor.unwatch(client.token)
            client.token = reactor.watch(client.channel.handle, [.writable, .peerClosed]) { [self] _ in resume(client) }
            return false
        }
    }
    private func resume(_ client: Client) {
        guard let reply = client.waitingReply else { return }
        client.waitingReply = nil
        reactor.unwatch(client.token)
        listen(client)
        _ = send(reply, client)
    }
    private func end(_ client: Client) {
        guard let i = clients.firstIndex(where: { $0 === client }) else { return }
        clients.remove(at: i)
        reactor.unwatch(client.token)
        client.session.end()
        if let memory = client.memory { memory.unmap(); memory.handle.close() }
        client.channel.close()
    }
}

/// Files of the boot archive, mapped while they are open.
private final class KernelArchive: ArchiveSource {
    private var mapped: [(name: FileName, memory: SharedMemory)] = []
    func open(_ name: FileName) -> UnsafeRawBufferPointer? {
        guard let memory = try? SharedMemory.archive(String(decoding: name, as: UTF8.self)) else { return nil }
        mapped.append((name, memory))
        return UnsafeRawBufferPointer(start: memory.base, count: memory.byteCount)
    }
    func close(_ name: FileName) {
        guard let i = mapped.firstIndex(where: { $0.name == name }) else { return }
        let memory = mapped.remove(at: i).memory
        memory.unmap()
        memory.handle.close()
    }
}
