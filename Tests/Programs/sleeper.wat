;; Sleeps forty times for 20 ms in the middle of a call of its start function, so that it always has a native stack; the sum
;; it prints about lies in a local. Then it exits with code 7.
(module
  (import "kernel" "syscall" (func $syscall (param i32 i64 i64 i64 i64 i64 i64) (result i64)))
  (memory 1 16)
  (data (i32.const 1024) "nap")
  (func $call (param $n i32) (param $a i64) (param $b i64) (param $c i64) (result i64)
    (call $syscall (local.get $n) (local.get $a) (local.get $b) (local.get $c) (i64.const 0) (i64.const 0) (i64.const 0)))
  (func $nap (param $sum i64) (result i64)
    (drop (call $call (i32.const 34) (i64.const 0) (i64.const 0)
      (i64.add (call $call (i32.const 3) (i64.const 0) (i64.const 0) (i64.const 0)) (i64.const 20000000))))
    (i64.add (i64.mul (local.get $sum) (i64.const 31)) (call $call (i32.const 3) (i64.const 0) (i64.const 0) (i64.const 0))))
  (func (export "start") (param i32)
    (local $left i32) (local $sum i64)
    (local.set $left (i32.const 40))
    (loop $again
      (local.set $sum (call $nap (local.get $sum)))
      (i64.store (i32.const 2048) (local.get $sum))
      (drop (call $call (i32.const 1) (i64.const 1024) (i64.const 3) (i64.const 0)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (drop (call $call (i32.const 0) (i64.const 7) (i64.const 0) (i64.const 0))))
)
