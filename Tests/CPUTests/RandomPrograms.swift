// Seeded random programs in WebAssembly text, for comparing builds of the same program. All functions of one seed stand in
// one module; start(n) runs the n-th. They end by construction: loops count down, calls go to earlier helpers only.

struct RandomPrograms {
    private var state: UInt64
    private var depth = 0, loops = 0
    private var mayTrap = false

    /// A module whose start(i32) calls one of `count` functions and reports its result through system call 3.
    static func module(seed: UInt64, count: Int) -> String {
        var g = RandomPrograms(state: seed &* 0x9e37_79b9_7f4a_7c15 | 1)
        var text = """
        (module
          (import "kernel" "syscall" (func $syscall (param i32 i64 i64 i64 i64 i64 i64) (result i64)))
          (memory 8 8)
          (global $g (mut i64) (i64.const 1))
          (type $unary (func (param i32) (result i32)))
          (type $other (func (param i64) (result i64)))
          (table 6 funcref) (elem (i32.const 1) $h0 $h1 $h2 $h3)
          (func $report (param i64)
            (drop (call $syscall (i32.const 3) (local.get 0) (global.get $g) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0))))
          (func $h0 (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 17)) (i32.const 3)))
          (func $h1 (param i32) (result i32) (local $n i32)
            (local.set $n (i32.and (local.get 0) (i32.const 15)))
            (loop $l (if (local.get $n) (then
              (local.set $n (i32.sub (local.get $n) (i32.const 1)))
              (i32.store (i32.shl (local.get $n) (i32.const 9)) (i32.add (local.get 0) (local.get $n)))
              (br $l))))
            (i32.xor (local.get 0) (i32.const 0x5bd1e995)))
          (func $h2 (param i32) (result i32)
            (if (result i32) (i32.lt_u (i32.and (local.get 0) (i32.const 31)) (i32.const 3)) (then (i32.const 1))
              (else (i32.add (call $h2 (i32.sub (i32.and (local.get 0) (i32.const 31)) (i32.const 1))) (i32.const 5)))))
          (func $h3 (param i32) (result i32) (local $d f64)
            (local.set $d (f64.sqrt (f64.convert_i32_s (local.get 0))))
            (f64.store (i32.const 264) (f64.div (local.get $d) (f64.load (i32.const 256))))
            (i32.wrap_i64 (i64.reinterpret_f64 (f64.add (local.get $d) (f64.const 0.1)))))

        """
        for i in 0..<count { text += g.function(i, mayTrap: i % 4 == 3) }
        text += "  (func (export \"start\") (param i32) (local $r i32)\n"
        for i in 0..<count {
            text += "    (if (i32.eq (local.get 0) (i32.const \(i))) (then (local.set $r (call $p\(i) (i32.const \(i + 3))))))\n"
        }
        return text + "    (call $report (i64.extend_i32_u (local.get $r)))))\n"
    }

    private init(state: UInt64) { self.state = state }
    private mutating func pick(_ n: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % n
    }

    private mutating func function(_ i: Int, mayTrap: Bool) -> String {
        self.mayTrap = mayTrap
        loops = 0
        depth = 0
        let body = block(6 + pick(6))
        let counters = (0..<loops).map { "(local $k\($0) i32) " }.joined()
        return """
          (func $p\(i) (param $a i32) (result i32) (local $b i32) (local $c i32) (local $u i64) (local $d f64) (local $e f32) \(counters)
        \(body)
            (i32.xor (i32.xor (local.get $a) (local.get $b)) (i32.xor (local.get $c) (i32.wrap_i64 (local.get $u)))))

        """
    }
    private mutating func block(_ n: Int) -> String {
        depth += 1
        defer { depth -= 1 }
        var text = ""
        for _ in 0..<n { text += String(repeating: "  ", count: depth + 1) + statement() + "\n" }
        return text
    }

    private mutating func statement() -> String {
        switch pick(depth > 4 ? 9 : 16) {
        case 0, 1: return "(local.set $\(["a", "b", "c"][pick(3)]) \(integer()))"
        case 2: return "(local.set $u \(long()))"
        case 3: return "(local.set $d \(double()))"
        case 4: return "(local.set $e (f32.demote_f64 \(double())))"
        case 5: return ["(i32.store \(address()) \(integer()))", "(i64.store \(address()) \(long()))", "(f64.store \(address()) \(double()))",
                        "(f32.store \(address()) (local.get $e))", "(i32.store8 \(address()) \(integer()))"][pick(5)]
        case 6: return "(memory.\(pick(2) == 0 ? "fill \(address()) \(integer())" : "copy \(address()) \(address())") (i32.and \(integer()) (i32.const 0x7fff)))"
        case 7: return "(global.set $g (i64.add (global.get $g) \(long())))"
        case 8: return trapping()
        case 9, 10: return loop()
        case 11: return "(if \(integer()) (then\n\(block(1 + pick(3)))) (else\n\(block(1 + pick(3)))))"
        case 12: return "(block $out\n\(block(1 + pick(2)))(br_if $out \(integer()))\n\(block(1 + pick(2))))"
        case 13: return table()
        case 14: return "(local.set $b (call $h\(pick(4)) \(integer())))"
        default: return pick(4) == 0 ? "(call $report \(long()))" : "(local.set $c (call_indirect (type $unary) \(integer()) (i32.add (i32.const 1) (i32.and \(integer()) (i32.const 3)))))"
        }
    }
    /// A counted loop, sometimes left early, sometimes leaving the function.
    private mutating func loop() -> String {
        let k = "$k\(loops)"
        loops += 1
        let turns = 2 + pick(depth > 2 ? 4 : 40), body = block(1 + pick(3))
        let exit = pick(3) == 0 ? "(br_if $end\(k.dropFirst()) (i32.eq (i32.and \(integer()) (i32.const 63)) (i32.const 1)))" : ""
        let leave = pick(8) == 0 ? "(if (i32.eq (i32.and \(integer()) (i32.const 1023)) (i32.const 5)) (then (return \(integer()))))" : ""
        return """
        (local.set \(k) (i32.const \(turns)))
        (block $end\(k.dropFirst()) (loop $again\(k.dropFirst())
        \(body)\(exit)\(leave)
        (br_if $again\(k.dropFirst()) (local.tee \(k) (i32.sub (local.get \(k)) (i32.const 1))))))
        """
    }
    private mutating func table() -> String {
        """
        (block $x (block $y (block $z (br_table $x $y $z (i32.and \(integer()) (i32.const 3))))
        \(block(1)))
        \(block(1)))
        """
    }
    /// Only in programs that may end so.
    private mutating func trapping() -> String {
        guard mayTrap else { return "(nop)" }
        switch pick(5) {
        case 0: return "(local.set $a (i32.div_s \(integer()) (i32.and \(integer()) (i32.const 7))))"
        case 1: return "(local.set $b (i32.trunc_f64_s (f64.mul \(double()) (f64.const 1e6))))"
        case 2: return "(if (i32.eq (i32.and \(integer()) (i32.const 31)) (i32.const 7)) (then (unreachable)))"
        case 3: return "(local.set $a (call_indirect (type $unary) \(integer()) (i32.and \(integer()) (i32.const 7))))"
        default: return "(local.set $u (i64.rem_u \(long()) (i64.and \(long()) (i64.const 15))))"
        }
    }

    private mutating func integer(_ level: Int = 0) -> String {
        switch pick(level > 2 ? 4 : 11) {
        case 0: return "(i32.const \(pick(200) - 100))"
        case 1: return "(local.get $a)"
        case 2: return "(local.get $b)"
        case 3: return "(local.get $c)"
        case 4, 5: return "(i32.\(["add", "sub", "mul", "and", "or", "xor", "shl", "shr_u", "shr_s", "rotl"][pick(10)]) \(integer(level + 1)) \(integer(level + 1)))"
        case 6: return "(i32.\(["eq", "ne", "lt_s", "lt_u", "gt_s", "ge_u"][pick(6)]) \(integer(level + 1)) \(integer(level + 1)))"
        case 7: return "(i32.\(["clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s"][pick(6)]) \(integer(level + 1)))"
        case 8: return "(i32.load\(["", "8_u", "16_s"][pick(3)]) \(address(level + 1)))"
        case 9: return "(i32.trunc_sat_f64_s \(double(level + 1)))"
        default: return "(select \(integer(level + 1)) \(integer(level + 1)) \(integer(level + 1)))"
        }
    }
    private mutating func long(_ level: Int = 0) -> String {
        switch pick(level > 2 ? 2 : 6) {
        case 0: return "(local.get $u)"
        case 1: return "(i64.const \(pick(1 << 30)))"
        case 2: return "(i64.extend_i32_s \(integer(level + 1)))"
        case 3: return "(i64.load \(address(level + 1)))"
        case 4: return "(i64.reinterpret_f64 \(double(level + 1)))"
        default: return "(i64.\(["add", "mul", "xor", "rotr", "sub", "shr_u"][pick(6)]) \(long(level + 1)) \(long(level + 1)))"
        }
    }
    private mutating func double(_ level: Int = 0) -> String {
        switch pick(level > 2 ? 2 : 8) {
        case 0: return "(local.get $d)"
        case 1: return "(f64.const \(pick(1000)).\(pick(1000)))"
        case 2: return "(f64.convert_i32_s \(integer(level + 1)))"
        case 3: return "(f64.load \(address(level + 1)))"
        case 4: return "(f64.\(["sqrt", "neg", "abs", "floor", "nearest"][pick(5)]) \(double(level + 1)))"
        case 5: return "(f64.promote_f32 (local.get $e))"
        default: return "(f64.\(["add", "mul", "div", "sub", "min", "max", "copysign"][pick(7)]) \(double(level + 1)) \(double(level + 1)))"
        }
    }
    /// Somewhere in the first 400 KiB.
    private mutating func address(_ level: Int = 0) -> String {
        level > 2 ? "(i32.const \(pick(400_000)))" : "(i32.and \(integer(level + 1)) (i32.const 0x5ffff))"
    }
}
