// Standard input as the guest's console: a terminal in raw mode, a pipe as it comes, a file at power-on. Everything
// enters through the host port, so it is recorded and replayed. The end of input is typed as ctrl-d (4), as a terminal
// driver would.

import Foundation
import Machine
import Terrarium

/// The terminal without echo, line buffering and signal keys; the guest does all that. Output processing stays.
final class RawTerminal {
    private var saved = termios()
    private(set) var isRaw = false

    func enter() {
        guard isatty(0) == 1, tcgetattr(0, &saved) == 0 else { return }
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        raw.c_iflag &= ~tcflag_t(IXON)
        isRaw = tcsetattr(0, TCSANOW, &raw) == 0
    }
    func leave() {
        if isRaw { tcsetattr(0, TCSANOW, &saved) }
        isRaw = false
    }
    deinit { leave() }
}

/// Feeds standard input into the machine's console.
final class ConsoleInput: HostSource {
    static let endOfInput: UInt8 = 4
    /// Ctrl-] ends the run, whatever the guest does.
    static let escape: UInt8 = 0x1d

    private let simulation: Simulation
    private let terminal = RawTerminal()
    private(set) var isAtEnd = false
    let isTerminal = isatty(0) == 1
    var needsWallClock: Bool { !isAtEnd }

    init(_ simulation: Simulation) { self.simulation = simulation }

    /// Begins to feed. A file is known beforehand and enters at power-on, so that two runs with it are equal.
    func attach() throws {
        var status = stat()
        guard fstat(0, &status) == 0 else { isAtEnd = true; return }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFREG || (kind == S_IFCHR && !isTerminal) {
            let bytes = kind == S_IFREG ? [UInt8](FileHandle.standardInput.readDataToEndOfFile()) : []
            simulation.machine.schedule(.consoleInput(bytes + [Self.endOfInput]), at: .zero)
            isAtEnd = true
            return
        }
        terminal.enter()
        simulation.machine.addSource(self)
    }
    func detach() { terminal.leave() }

    func poll() {
        var descriptor = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard !isAtEnd, Glibc.poll(&descriptor, 1, 0) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(0, &buffer, buffer.count)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        if count <= 0 {
            isAtEnd = true
            simulation.send(.consoleInput([Self.endOfInput]))
            return
        }
        let bytes = Array(buffer[0..<count])
        if isTerminal, bytes.contains(Self.escape) { simulation.machine.requestStop() } else { simulation.send(.consoleInput(bytes)) }
    }
}
