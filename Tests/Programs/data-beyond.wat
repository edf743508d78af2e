;; A data segment that lies behind its memory.
(module
  (memory 1 16)
  (data (i32.const 70000) "beyond")
  (func (export "start") (param i32)))
