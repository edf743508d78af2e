;; Touches one page an event: handle(page, 0) reads its first word, handle(page, n) adds n to it. Returns the word.
(module
  (memory 40 40)
  (func (export "start") (param i32))
  (func (export "handle") (param i64 i32) (result i64) (local $a i32)
    (local.set $a (i32.wrap_i64 (i64.shl (local.get 0) (i64.const 16))))
    (if (local.get 1) (then (i64.store (local.get $a) (i64.add (i64.load (local.get $a)) (i64.extend_i32_u (local.get 1))))))
    (i64.load (local.get $a))))
