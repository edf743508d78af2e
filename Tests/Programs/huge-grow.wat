;; Asks for all memory there is, then for more; returns how many pages it has.
(module
  (memory 1)
  (func (export "start") (param i32) (result i32)
    (drop (memory.grow (i32.const 65535)))
    (drop (memory.grow (i32.const 16383)))
    (drop (memory.grow (i32.const 1)))
    (memory.size))
)
