;; Reads far outside its memory, above the window of shared memory.
(module
  (memory 1 16)
  (func (export "start") (param i32) (drop (i32.load (i32.const 0xc0000000))))
)
