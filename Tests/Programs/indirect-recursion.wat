;; Recursion without end through the function table, two functions in turn.
(module
  (memory 1 16)
  (type $t (func (param i32) (result i32)))
  (table 2 funcref) (elem (i32.const 0) $a $b)
  (func $a (type $t) (i32.add (i32.const 1) (call_indirect (type $t) (local.get 0) (i32.const 1))))
  (func $b (type $t) (i32.mul (i32.const 3) (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (func (export "start") (param i32) (drop (call $a (i32.const 1)))))
