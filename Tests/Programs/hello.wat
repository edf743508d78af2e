;; Prints a line and returns.
(module
  (import "kernel" "syscall" (func $syscall (param i32 i64 i64 i64 i64 i64 i64) (result i64)))
  (memory 1 16)
  (data (i32.const 1024) "hello")
  (func (export "start") (param i32)
    (drop (call $syscall (i32.const 1) (i64.const 1024) (i64.const 5) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0))))
)
