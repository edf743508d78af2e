;; Copies and fills in every call of an endless recursion: the stack ends near a bulk operation.
(module
  (memory 4 16)
  (func $f (param i32) (result i32)
    (memory.copy (i32.const 0) (i32.const 65536) (i32.and (local.get 0) (i32.const 0x3ff)))
    (memory.fill (i32.const 131072) (local.get 0) (i32.const 257))
    (i32.add (call $f (i32.add (local.get 0) (i32.const 7))) (i32.load (i32.const 131072))))
  (func (export "start") (param i32) (drop (call $f (i32.const 1)))))
