;; Reads beyond 4 GiB by adding an offset.
(module
  (memory 1 16)
  (func (export "start") (param i32) (drop (i32.load offset=0xffffffff (i32.const 0xfffffff0))))
)
