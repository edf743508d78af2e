;; Copies a gigabyte from nowhere.
(module
  (memory 1 16)
  (func (export "start") (param i32) (memory.copy (i32.const 0) (i32.const 0x90000000) (i32.const 0x40000000)))
)
