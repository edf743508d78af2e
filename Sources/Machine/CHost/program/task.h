// The contract between a translated program (shared object) and the machine that runs it. Both sides include this
// file. A task block lies in memory as
//     struct terrarium_task | module instance (wasm2c's structure) | function table
// so that the program reaches its task at a constant negative offset of the instance.
#ifndef TERRARIUM_TASK_H
#define TERRARIUM_TASK_H

#include <stdint.h>

#define TERRARIUM_PROGRAM_VERSION 2u
#define TERRARIUM_NONE 0xffffffffu

// Why a task gave the processor back.
enum {
  TERRARIUM_EXIT_SYSTEM_CALL = 0,
  TERRARIUM_EXIT_OUT_OF_FUEL = 1,
  TERRARIUM_EXIT_PAGE_FAULT = 2,
  TERRARIUM_EXIT_TRAP = 3,
  TERRARIUM_EXIT_FINISHED = 4,
};

// Trap codes; the same numbers as the kernel's `TrapCode`.
enum {
  TERRARIUM_TRAP_NONE = 0,
  TERRARIUM_TRAP_OUT_OF_BOUNDS,
  TERRARIUM_TRAP_UNREACHABLE,
  TERRARIUM_TRAP_INTEGER_OVERFLOW,
  TERRARIUM_TRAP_DIVIDE_BY_ZERO,
  TERRARIUM_TRAP_INVALID_CONVERSION,
  TERRARIUM_TRAP_INDIRECT_CALL,
  TERRARIUM_TRAP_TABLE_BOUNDS,
  TERRARIUM_TRAP_STACK_OVERFLOW,
  TERRARIUM_TRAP_MEMORY_LIMIT,
  TERRARIUM_TRAP_UNKNOWN,
};

// The meter is one word, so that a call costs one addition: instructions executed since creation << METER_SHIFT, below
// them the live calls, counted from METER_DEPTH_START so that one call more than TERRARIUM_DEPTH_MAX sets
// METER_DEPTH_OVER. Instructions wrap after 2^50; the machine only takes differences.
#define METER_SHIFT 14
#define METER_DEPTH_OVER UINT64_C(0x2000)
#define METER_DEPTH_MASK UINT64_C(0x3fff)
// Call depth at which a program is stopped, whatever its frames cost natively.
#define TERRARIUM_DEPTH_MAX 8000u
#define METER_DEPTH_START (METER_DEPTH_OVER - 1 - TERRARIUM_DEPTH_MAX)

struct terrarium_task {
  uint64_t meter;        // instructions and live calls, see above
  uint64_t limit;        // a check with meter > limit leaves; the machine may change it at any exit
  uint32_t unused;
  uint32_t reason;       // TERRARIUM_EXIT_*
  uint32_t code;         // trap code
  int32_t number;        // system call
  int64_t arguments[6];
  int64_t result;        // of the system call, or of the entry function
  void (*leave)(struct terrarium_task *);  // gives the processor back; returns when the task is resumed
  uint8_t *memory;       // base of the linear memory's reservation
  uint32_t page;         // page fault: 64 KiB page and kind
  uint32_t is_write;
  uint32_t pages_max;    // bound of memory.grow
  uint32_t reserved;
  void *host;            // the machine's own record
  uint8_t padding[64];
};
_Static_assert(sizeof(struct terrarium_task) == 192, "the task keeps the instance aligned");

typedef int64_t (*terrarium_entry)(void *instance, int64_t argument0, int64_t argument1);

// Exported by every program as `terrarium_program`.
struct terrarium_program {
  uint32_t version;
  uint32_t instance_byte_count;  // multiple of 16
  uint32_t memory_offset;        // of wasm_rt_memory_t in the instance
  uint32_t table_offset;         // of wasm_rt_funcref_table_t, or TERRARIUM_NONE
  uint32_t table_count;          // entries of the function table
  uint32_t import_offset;        // of the pointer to the task, or TERRARIUM_NONE
  uint32_t pages_initial;
  uint32_t pages_max;
  uint64_t content_hash;
  const char *name;
  void (*initialise)(void);      // once after loading
  terrarium_entry entries[4];    // instantiate, start, handle, cloned; NULL when not exported
  void (*trap)(uint32_t code);   // set by the machine after loading: ends the running task, never returns
};

#endif
