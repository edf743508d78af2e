;; A data segment that lies in the window of shared memory.
(module
  (memory 1 16)
  (data (i32.const 0x40000000) "window")
  (func (export "start") (param i32)))
