// The one door from a program to the kernel. In a program it is the WebAssembly import; hosted (tests) and on metal
// (compile check) it is a hook that a test double sets.

import ABI

#if arch(wasm32)
@_extern(wasm, module: "kernel", name: "syscall") @_extern(c)
func kernel_syscall(_ number: Int32, _ a0: Int64, _ a1: Int64, _ a2: Int64, _ a3: Int64, _ a4: Int64, _ a5: Int64) -> Int64
#else
/// Test double for hosted use: receives every system call. Pointers are host addresses.
nonisolated(unsafe) public var systemCallHook: ((SystemCall, Int64, Int64, Int64, Int64, Int64, Int64) -> Int64)?
#endif

/// Performs a system call; negative results are `-SystemError.rawValue`.
@inline(__always)
public func rawSystemCall(_ call: SystemCall, _ a0: Int64 = 0, _ a1: Int64 = 0, _ a2: Int64 = 0, _ a3: Int64 = 0, _ a4: Int64 = 0, _ a5: Int64 = 0) -> Int64 {
    #if arch(wasm32)
    return kernel_syscall(call.rawValue, a0, a1, a2, a3, a4, a5)
    #else
    if let hook = systemCallHook { return hook(call, a0, a1, a2, a3, a4, a5) }
    return -Int64(SystemError.notSupported.rawValue)
    #endif
}

@inline(__always)
func checked(_ result: Int64) throws(SystemError) -> Int64 {
    if result < 0 { throw SystemError(rawValue: Int32(truncatingIfNeeded: -result)) ?? .invalidArgument }
    return result
}

@inline(__always)
func addressOf(_ p: UnsafeRawPointer?) -> Int64 { p.map { Int64(Int(bitPattern: $0)) } ?? 0 }
