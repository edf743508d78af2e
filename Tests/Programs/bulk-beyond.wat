;; Copies past the end of the address space.
(module
  (memory 1 16)
  (func (export "start") (param i32) (memory.copy (i32.const 0) (i32.const 0xfffffff0) (i32.const 0x100)))
)
