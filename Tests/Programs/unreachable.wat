;; Executes unreachable.
(module
  (func (export "start") (param i32) unreachable)
)
