;; Divides the least integer by -1.
(module
  (global $v (mut i32) (i32.const -1))
  (func (export "start") (param i32) (drop (i32.div_s (i32.const 0x80000000) (global.get $v))))
)
