;; Calls behind the end of its function table.
(module
  (type $t (func))
  (table 4 funcref) (elem (i32.const 0) $f $f $f $f)
  (func $f)
  (func (export "start") (param i32) (call_indirect (type $t) (i32.const 0x7fffffff))))
