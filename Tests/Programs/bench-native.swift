// The host's side of the measured programs: runs work() as often as it is told and prints its result and the least
// processor time of one run in nanoseconds.
#if !arch(wasm32)
import Glibc

private func threadNanoseconds() -> UInt64 {
    var t = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t)
    return UInt64(t.tv_sec) * 1_000_000_000 + UInt64(t.tv_nsec)
}

@main enum Native {
    static func main() {
        var best = UInt64.max, result: Int32 = 0
        for _ in 0..<(CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1 : 1) {
            let start = threadNanoseconds()
            result = work()
            best = min(best, threadNanoseconds() - start)
        }
        print(result, best)
    }
}
#endif
