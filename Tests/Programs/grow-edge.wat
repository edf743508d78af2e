;; Grows page by page as far as it goes, uses the last byte, then the one behind it.
(module
  (memory 1 300)
  (func (export "start") (param i32) (local $end i32)
    (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (local.set $end (i32.mul (memory.size) (i32.const 65536)))
    (i32.store8 (i32.sub (local.get $end) (i32.const 1)) (i32.const 1))
    (i32.store16 (i32.sub (local.get $end) (i32.const 1)) (i32.const 1))))
