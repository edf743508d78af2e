// What wasm2c's output (wabt 1.0.32) expects of its runtime, for programs of Terrarium: memory is a reservation that
// the machine maps, traps and exhausted budgets leave the task, nothing is global. Also the metering macros that the
// program builder writes into the generated functions.
#ifndef WASM_RT_H_
#define WASM_RT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "task.h"

#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 1
#define WASM_RT_USE_STACK_DEPTH_COUNT 0
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define wasm_rt_memcpy __builtin_memcpy
#define wasm_rt_unreachable __builtin_unreachable
#define wasm_rt_is_initialized() 1

typedef enum {
  WASM_RT_TRAP_NONE = TERRARIUM_TRAP_NONE,
  WASM_RT_TRAP_OOB = TERRARIUM_TRAP_OUT_OF_BOUNDS,
  WASM_RT_TRAP_INT_OVERFLOW = TERRARIUM_TRAP_INTEGER_OVERFLOW,
  WASM_RT_TRAP_DIV_BY_ZERO = TERRARIUM_TRAP_DIVIDE_BY_ZERO,
  WASM_RT_TRAP_INVALID_CONVERSION = TERRARIUM_TRAP_INVALID_CONVERSION,
  WASM_RT_TRAP_UNREACHABLE = TERRARIUM_TRAP_UNREACHABLE,
  WASM_RT_TRAP_CALL_INDIRECT = TERRARIUM_TRAP_INDIRECT_CALL,
  WASM_RT_TRAP_EXHAUSTION = TERRARIUM_TRAP_STACK_OVERFLOW,
} wasm_rt_trap_t;

typedef enum { WASM_RT_I32, WASM_RT_I64, WASM_RT_F32, WASM_RT_F64, WASM_RT_FUNCREF, WASM_RT_EXTERNREF } wasm_rt_type_t;

typedef void (*wasm_rt_function_ptr_t)(void);
typedef struct {
  uint32_t func_type;
  wasm_rt_function_ptr_t func;
  void *module_instance;
} wasm_rt_funcref_t;
typedef void *wasm_rt_externref_t;
static const wasm_rt_funcref_t wasm_rt_funcref_null_value = {0, NULL, NULL};
static const wasm_rt_externref_t wasm_rt_externref_null_value = NULL;

typedef struct {
  uint8_t *data;
  uint32_t pages, max_pages;
  uint32_t size;
} wasm_rt_memory_t;
typedef struct {
  wasm_rt_funcref_t *data;
  uint32_t max_size, size;
} wasm_rt_funcref_table_t;
typedef struct {
  wasm_rt_externref_t *data;
  uint32_t max_size, size;
} wasm_rt_externref_table_t;

#define TERRARIUM_TASK(instance) ((struct terrarium_task *)(void *)(instance)-1)

// Traps. wasm2c's helpers have no instance in scope, so the machine itself knows which task is running.
__attribute__((noreturn, cold)) void terrarium_trap(uint32_t code);
#define wasm_rt_trap(code) terrarium_trap(code)

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...);

// Metering. Functions without a call-free loop gather their charges in `pending`, mostly constants that the compiler
// adds up, and add them to the meter at checks, before calls and at their end.
__attribute__((cold, noinline)) void terrarium_exhausted(struct terrarium_task *task);
#define METER_WORD (TERRARIUM_TASK(instance)->meter)
#define METER_LIMIT (*(volatile uint64_t *)&TERRARIUM_TASK(instance)->limit)
// The meter in a register by a plain load: processors forward a store to one faster than to an addition from memory, and
// in call-heavy code that is the critical path (recursion: 2.0 instead of 3.0 times the unmetered time).
static inline uint64_t terrarium_meter(struct terrarium_task *task) {
  uint64_t word = task->meter;
  __asm__("" : "+r"(word));
  return word;
}
#define METER_READ terrarium_meter(TERRARIUM_TASK(instance))
#define METER_UNITS(n) ((uint64_t)(n) << METER_SHIFT)
#define METER_LEFT(word) do { if (UNLIKELY((word) > METER_LIMIT)) terrarium_exhausted(TERRARIUM_TASK(instance)); } while (0)
#define METER_BEGIN uint64_t pending = 0
#define METER_CHARGE(n) (pending += METER_UNITS(n))
#define METER_BULK(bytes) (pending += METER_UNITS((uint32_t)(bytes) >> 3))
#define METER_FLUSH (METER_WORD += pending, pending = 0)
#define METER_CHECK(n) \
  do { uint64_t word = METER_WORD = METER_READ + pending + METER_UNITS(n); pending = 0; METER_LEFT(word); } while (0)
// A call: one more is live. Its end takes that away.
#define METER_DEPTH(word) do { if (UNLIKELY((word) & METER_DEPTH_OVER)) terrarium_trap(TERRARIUM_TRAP_STACK_OVERFLOW); } while (0)
#define METER_ENTER(n) \
  do { uint64_t word = METER_WORD = METER_READ + METER_UNITS(n) + 1; METER_DEPTH(word); METER_LEFT(word); } while (0)
#define METER_LEAVE (METER_WORD += pending - 1)
// The same with the meter in a local variable, in functions with a call-free loop.
#define METER_LOCAL_BEGIN uint64_t meter = METER_WORD
#define METER_LOAD (meter = METER_WORD)
#define METER_SPILL (METER_WORD = meter)
#define METER_LOCAL_LEFT do { if (UNLIKELY(meter > METER_LIMIT)) { METER_SPILL; terrarium_exhausted(TERRARIUM_TASK(instance)); } } while (0)
#define METER_LOCAL_CHARGE(n) (meter += METER_UNITS(n))
#define METER_LOCAL_BULK(bytes) (meter += METER_UNITS((uint32_t)(bytes) >> 3))
// Comparing first lets the compiler add the charges of a loop's blocks in one go; a budget is exceeded by one more block.
#define METER_LOCAL_CHECK(n) do { METER_LOCAL_LEFT; meter += METER_UNITS(n); } while (0)
#define METER_LOCAL_ENTER(n) do { meter += METER_UNITS(n) + 1; METER_DEPTH(meter); METER_LOCAL_LEFT; } while (0)
#define METER_LOCAL_LEAVE (METER_WORD = meter - 1)

// Memory. Pages appear through faults; growing is bookkeeping.
static inline void terrarium_allocate_memory(struct terrarium_task *task, wasm_rt_memory_t *memory, uint32_t initial) {
  memory->data = task->memory;
  memory->pages = initial;
  memory->max_pages = task->pages_max;
  memory->size = initial << 16;
}
#define wasm_rt_allocate_memory(memory, initial, max) terrarium_allocate_memory(TERRARIUM_TASK(instance), memory, initial)
static inline uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint32_t delta) {
  uint32_t old = memory->pages;
  if (delta > memory->max_pages || old > memory->max_pages - delta) return 0xffffffffu;
  memory->pages = old + delta;
  memory->size = (old + delta) << 16;
  return old;
}
#define wasm_rt_free_memory(memory) ((void)0)

// The function table lies behind the instance.
#define wasm_rt_allocate_funcref_table(table, elements, max)                                                          \
  ((table)->data = (wasm_rt_funcref_t *)(void *)((char *)(void *)instance + ((sizeof(*instance) + 15u) & ~(size_t)15u)), \
   (table)->size = (elements), (table)->max_size = (elements),                                                         \
   (void)memset((table)->data, 0, (elements) * sizeof(wasm_rt_funcref_t)))
#define wasm_rt_free_funcref_table(table) ((void)0)

// Bulk memory. Pages are touched in ascending order first, so that the order of faults does not depend on how the
// host's memmove walks.
static inline void terrarium_touch(const uint8_t *p, uint64_t n, bool write) {
  if (n == 0) return;
  const uint8_t *last = p + n - 1;
  for (;;) {
    volatile uint8_t *q = (volatile uint8_t *)(uintptr_t)p;
    if (write) *q = *q; else (void)*q;
    if (((uintptr_t)p >> 16) == ((uintptr_t)last >> 16)) return;
    p = (const uint8_t *)((((uintptr_t)p >> 16) + 1) << 16);
  }
}
static inline void terrarium_fill(uint8_t *d, uint32_t value, uint32_t n) {
  terrarium_touch(d, n, true);
  memset(d, (int)value, n);
}
static inline void terrarium_move(void *d, const void *s, uint32_t n) {
  terrarium_touch(s, n, false);
  terrarium_touch(d, n, true);
  memmove(d, s, n);
}

// Every NaN that becomes visible as bits is the canonical one.
#define TERRARIUM_CANONICAL_F32(x) (__builtin_isnan(x) ? __builtin_nanf("") : (x))
#define TERRARIUM_CANONICAL_F64(x) (__builtin_isnan(x) ? __builtin_nan("") : (x))
// The sign of a NaN shows here as well (included after <math.h>).
#define copysign(x, y) __builtin_copysign(x, TERRARIUM_CANONICAL_F64(y))
#define copysignf(x, y) __builtin_copysignf(x, TERRARIUM_CANONICAL_F32(y))

#endif
