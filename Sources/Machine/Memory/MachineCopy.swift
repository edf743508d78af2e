// Copying a running machine, whole: fork copies everything but guest RAM, `detach` copies that. Fibers, native stacks and
// Swift objects come along by the host's copy-on-write. Used by time travel (docs/internals/time-travel.md).

import CHost
import Glibc

/// Forks this process, which must have one thread. Nil in the child, its process id in the parent.
public func forkProcess() throws(MachineError) -> Int32? {
    let pid = terrarium_fork()
    if pid < 0 {
        let reason = errno == EDEADLK ? "this process has several threads" : String(cString: strerror(errno))
        throw MachineError("Cannot copy the machine: \(reason).")
    }
    return pid == 0 ? nil : pid
}

extension GuestRAM {
    /// To be called in a forked child before anything runs: this process gets RAM of its own with the same contents at
    /// the same address. The parent must not run meanwhile. Returns the bytes copied; pages of zeros cost nothing.
    @discardableResult
    public func detach() throws(MachineError) -> Int {
        let copied = terrarium_ram_detach(fileDescriptor, base, UInt64(byteCount))
        if copied < 0 { throw MachineError("Cannot copy guest RAM: \(String(cString: strerror(errno))).") }
        return Int(copied)
    }
}

/// Both ends of a connected stream socket.
public func makeSocketPair() throws(MachineError) -> (Int32, Int32) {
    var a: Int32 = -1, b: Int32 = -1
    if terrarium_socket_pair(&a, &b) != 0 { throw MachineError("Cannot make a socket: \(String(cString: strerror(errno))).") }
    return (a, b)
}
/// Passes a descriptor to the process at the other end.
public func sendDescriptor(_ descriptor: Int32, over socket: Int32) -> Bool { terrarium_send_descriptor(socket, descriptor) == 0 }
/// The descriptor that the other end passed; nil when it sent none.
public func receiveDescriptor(over socket: Int32) -> Int32? {
    let descriptor = terrarium_receive_descriptor(socket)
    return descriptor < 0 ? nil : descriptor
}
