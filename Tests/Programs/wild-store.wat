;; Writes just past its memory.
(module
  (memory 1 16)
  (func (export "start") (param i32) (i32.store (i32.mul (memory.size) (i32.const 65536)) (i32.const 7)))
)
