;; Calls itself until the stack ends.
(module
  (func $f (param i32) (result i32) (i32.add (i32.const 1) (call $f (i32.add (local.get 0) (i32.const 1)))))
  (func (export "start") (param i32) (drop (call $f (i32.const 0))))
)
