;; Grows to 64 MiB and writes every page: uses memory without end in sight.
(module
  (memory 1 1024)
  (func (export "start") (param i32) (local $p i32)
    (drop (memory.grow (i32.const 1023)))
    (loop $l
      (i32.store (local.get $p) (local.get $p))
      (local.set $p (i32.add (local.get $p) (i32.const 65536)))
      (br_if $l (i32.lt_u (local.get $p) (i32.const 0x4000000)))))
)
