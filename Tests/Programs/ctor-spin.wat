;; Never gets past its constructor.
(module
  (memory 1 16)
  (func (export "_initialize") (loop $l (br $l)))
  (func (export "start") (param i32)))
