;; Converts NaN to an integer.
(module
  (global $v (mut f64) (f64.const nan))
  (func (export "start") (param i32) (drop (i32.trunc_f64_s (global.get $v))))
)
