;; Stores eight bytes across the end of its last page.
(module
  (memory 2 2)
  (func (export "start") (param i32)
    (i64.store (i32.const 131064) (i64.const 1))
    (i64.store (i32.const 131065) (i64.const -1))))
