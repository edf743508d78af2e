// Once per program, included at the end of the part that holds wasm2c's instantiation code: runtime functions, the
// system-call import and the descriptor. The builder defines before the include:
//   PROGRAM_NAME, PROGRAM_HASH, PROGRAM_PAGES_INITIAL, PROGRAM_PAGES_MAX, PROGRAM_TABLE_COUNT,
//   PROGRAM_MEMORY, PROGRAM_TABLE (field names; absent when there is none), PROGRAM_IMPORTS_KERNEL (0|1),
//   PROGRAM_ENTRY_* (functions `int64_t f(void *, int64_t, int64_t)`), and writes those functions itself.
#include <stdarg.h>

#define TERRARIUM_TYPES_MAX 4096
#define TERRARIUM_SIGNATURE_MAX 64

static uint8_t signatures[TERRARIUM_TYPES_MAX][TERRARIUM_SIGNATURE_MAX];
static uint32_t signature_count;

// The same signature gets the same number. The builder refuses modules with longer signatures or more types.
uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...) {
  uint8_t signature[TERRARIUM_SIGNATURE_MAX] = {(uint8_t)params, (uint8_t)results};
  va_list list;
  va_start(list, results);
  for (uint32_t i = 0; i < params + results; i++) signature[2 + i] = (uint8_t)(1 + va_arg(list, int));
  va_end(list);
  for (uint32_t i = 0; i < signature_count; i++)
    if (memcmp(signatures[i], signature, sizeof signature) == 0) return i + 1;
  memcpy(signatures[signature_count++], signature, sizeof signature);
  return signature_count;
}

extern struct terrarium_program terrarium_program;

void terrarium_trap(uint32_t code) {
  for (;;) terrarium_program.trap(code);
}

void terrarium_exhausted(struct terrarium_task *task) {
  task->reason = TERRARIUM_EXIT_OUT_OF_FUEL;
  task->leave(task);
}

#if PROGRAM_IMPORTS_KERNEL
u64 Z_kernelZ_syscall(struct Z_kernel_instance_t *kernel, u32 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5) {
  struct terrarium_task *task = (struct terrarium_task *)(void *)kernel;
  task->number = (int32_t)number;
  task->arguments[0] = (int64_t)a0;
  task->arguments[1] = (int64_t)a1;
  task->arguments[2] = (int64_t)a2;
  task->arguments[3] = (int64_t)a3;
  task->arguments[4] = (int64_t)a4;
  task->arguments[5] = (int64_t)a5;
  task->reason = TERRARIUM_EXIT_SYSTEM_CALL;
  task->leave(task);
  return (u64)task->result;
}
#endif

__attribute__((visibility("default"))) struct terrarium_program terrarium_program = {
    .version = TERRARIUM_PROGRAM_VERSION,
    .instance_byte_count = (sizeof(Z_program_instance_t) + 15u) & ~15u,
#ifdef PROGRAM_MEMORY
    .memory_offset = offsetof(Z_program_instance_t, PROGRAM_MEMORY),
#else
    .memory_offset = TERRARIUM_NONE,
#endif
#ifdef PROGRAM_TABLE
    .table_offset = offsetof(Z_program_instance_t, PROGRAM_TABLE),
#else
    .table_offset = TERRARIUM_NONE,
#endif
    .table_count = PROGRAM_TABLE_COUNT,
#if PROGRAM_IMPORTS_KERNEL
    .import_offset = offsetof(Z_program_instance_t, Z_kernel_instance),
#else
    .import_offset = TERRARIUM_NONE,
#endif
    .pages_initial = PROGRAM_PAGES_INITIAL,
    .pages_max = PROGRAM_PAGES_MAX,
    .content_hash = PROGRAM_HASH,
    .name = PROGRAM_NAME,
    .initialise = Z_program_init_module,
    .entries = {PROGRAM_ENTRY_INSTANTIATE, PROGRAM_ENTRY_START, PROGRAM_ENTRY_HANDLE, PROGRAM_ENTRY_CLONED},
};
