// Small tools of the kernel: invariants and the stop reasons of a system call.

import ABI

/// Our bug, not the guest's: stops the machine, also in release builds.
@inline(__always)
func invariant(_ condition: Bool, _ message: StaticString) {
    if !condition { kernelPanic(message) }
}
@inline(never)
func kernelPanic(_ message: StaticString) -> Never {
    #if hasFeature(Embedded)
    fatalError(message)
    #else
    fatalError("kernel invariant: \(message)")
    #endif
}

/// Why a system call gives no result now.
enum CallStop: Error {
    case failed(SystemError)
    case blocked            // the process waits; the call is dispatched again when it is woken
    case ended              // the process is gone
}
