;; x × y + z, where a fused multiply-add gives another number than two roundings: 0 here, -2^-104 fused.
(module
  (memory 1 1)
  (global $x (mut f64) (f64.const 0x1.0000000000001p0))
  (global $y (mut f64) (f64.const 0x1.ffffffffffffep-1))
  (func (export "start") (param i32)
    (f64.store (i32.const 0) (f64.add (f64.mul (global.get $x) (global.get $y)) (f64.neg (f64.mul (global.get $x) (global.get $y)))))
    (f64.store (i32.const 8) (f64.sub (f64.mul (global.get $x) (global.get $y)) (f64.const 1)))))
