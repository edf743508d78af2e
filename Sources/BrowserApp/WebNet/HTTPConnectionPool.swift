// Connections by host and port: at most six each, reused while they last; requests beyond that wait in order.

import ABI
import NetClient

final class HTTPConnectionPool {
    struct Job {
        let host: String, port: UInt16
        let bytes: [UInt8]
        let isHead: Bool
        let exchange: any HTTPExchange
        let started: (HTTPConnection) -> Void
    }
    var limits = HTTPClientLimits()
    let timers: any HTTPTimers
    private let connector: any StreamConnector
    private var connections: [HTTPConnection] = []
    private var waiting: [Job] = []

    init(connector: any StreamConnector, timers: any HTTPTimers) { self.connector = connector; self.timers = timers }

    var connectionCount: Int { connections.count }

    /// Runs the job on an idle connection, a new one, or when one of its host's becomes free.
    func submit(_ job: Job, mustBeNew: Bool = false) {
        var open = 0
        for c in connections where c.host == job.host && c.port == job.port {
            if c.isIdle && !mustBeNew { run(job, on: c); return }
            open += 1
        }
        if open < limits.connectionsPerHostMax || mustBeNew { openConnection(for: job) } else { waiting.append(job) }
    }
    /// The job is not wanted any more.
    func withdraw(_ exchange: any HTTPExchange) { waiting.removeAll { $0.exchange === exchange } }
    func closeIdle() { for c in connections { c.closeIdle() } }

    func connectionBecameIdle(_ c: HTTPConnection) {
        guard let i = waiting.firstIndex(where: { $0.host == c.host && $0.port == c.port }) else { return }
        run(waiting.remove(at: i), on: c)
    }
    func connectionDied(_ c: HTTPConnection) {
        connections.removeAll { $0 === c }
        guard let i = waiting.firstIndex(where: { $0.host == c.host && $0.port == c.port }) else { return }
        openConnection(for: waiting.remove(at: i))
    }
    private func openConnection(for job: Job) {
        let c = HTTPConnection(host: job.host, port: job.port, pool: self)
        connections.append(c)
        c.open(connector)
        run(job, on: c)
    }
    private func run(_ job: Job, on c: HTTPConnection) {
        job.started(c)
        c.start(job.exchange, job.bytes, isHead: job.isHead)
    }
}
