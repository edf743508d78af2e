;; Calls a function through the table with the wrong signature.
(module
  (type $t (func (param i64) (result i64)))
  (table 4 funcref) (elem (i32.const 1) $f)
  (func $f (param i32))
  (func (export "start") (param i32) (drop (call_indirect (type $t) (i64.const 1) (i32.const 1))))
)
