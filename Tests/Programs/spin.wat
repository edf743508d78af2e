;; Never returns and never calls.
(module
  (func (export "start") (param i32) (loop $l (br $l)))
)
