;; Loops over memory without calls: the sieve of Eratosthenes, 40 times.
(module
  (memory 40 40)
  (func $sieve (param $n i32) (result i32) (local $i i32) (local $j i32) (local $found i32)
    (memory.fill (i32.const 65536) (i32.const 1) (local.get $n))
    (local.set $i (i32.const 2))
    (loop $outer
      (if (i32.load8_u offset=65536 (local.get $i)) (then
        (local.set $found (i32.add (local.get $found) (i32.const 1)))
        (local.set $j (i32.add (local.get $i) (local.get $i)))
        (block $done (loop $inner
          (br_if $done (i32.ge_u (local.get $j) (local.get $n)))
          (i32.store8 offset=65536 (local.get $j) (i32.const 0))
          (local.set $j (i32.add (local.get $j) (local.get $i)))
          (br $inner)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $found))
  (func (export "start") (param i32) (result i32) (local $k i32) (local $sum i32)
    (local.set $k (i32.const 40))
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $sieve (i32.const 2000000))))
      (local.set $k (i32.sub (local.get $k) (i32.const 1)))
      (br_if $l (local.get $k)))
    (local.get $sum)))
