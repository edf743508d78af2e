;; Calls an empty entry of its function table.
(module
  (type $t (func))
  (table 4 funcref)
  (func (export "start") (param i32) (call_indirect (type $t) (i32.const 2)))
)
