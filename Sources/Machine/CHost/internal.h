// Shared by the C files of this target only.
#ifndef TERRARIUM_INTERNAL_H
#define TERRARIUM_INTERNAL_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CHost.h"
#include "program/task.h"

#define RESERVATION_BYTE_COUNT (UINT64_C(8) << 30)  // 32-bit address + 32-bit offset
#define PAGE_SHIFT 16
#define PAGE_COUNT 65536u
#define STACK_BYTE_COUNT (UINT64_C(16) << 20)       // depth limit × generous frames; only touched pages cost memory
#define STACK_GUARD_BYTE_COUNT (UINT64_C(64) << 10)

// One entry of the page table: frame << 5 | flags. MAPPED: the host maps something there; what it maps has another frame
// (OTHER_FRAME) or other rights (OTHER_RIGHTS) until the task runs again.
enum {
  ENTRY_PRESENT = 1, ENTRY_WRITABLE = 2, ENTRY_MAPPED = 4, ENTRY_OTHER_FRAME = 8, ENTRY_OTHER_RIGHTS = 16,
  ENTRY_HOST_FLAGS = ENTRY_MAPPED | ENTRY_OTHER_FRAME | ENTRY_OTHER_RIGHTS, ENTRY_FRAME_SHIFT = 5,
};

enum { TRACE_COUNT_MAX = 48 };

// A task and everything the machine knows of it.
struct terrarium_host_task {
  struct terrarium_task *task;   // [task | instance | table]
  struct terrarium_program *program;
  size_t block_byte_count;
  uint8_t *memory;               // 8 GiB reservation
  uint32_t *entries;             // PAGE_COUNT entries, lazily touched
  uint32_t page_last;            // highest page ever recorded + 1
  uint32_t mapped_count;         // pages the host maps now
  uint32_t stale_first, stale_end;  // pages in which the host's mappings may differ from the entries
  int ram_descriptor;
  uint32_t frame_count;
  uint8_t *stack;                // NULL while quiescent
  void *fiber_sp, *main_sp;
  uint32_t pending_page;         // page of the last fault exit, mapped before the fiber goes on
  bool is_active;                // between begin and finished
  bool is_dead;                  // trapped
  bool is_instantiated;
  int entry;
  int64_t argument0, argument1;
  uint64_t trace[TRACE_COUNT_MAX];  // of the trap that ended the task
  uint32_t trace_count;
  void *saved_frame;             // signal frame on the fiber's stack, when the last exit was a fault
  struct terrarium_host_task *next, *previous;  // all tasks, for giving mappings back
};

struct terrarium_host_task *terrarium_current(void);

// fiber.c
uint8_t *terrarium_stack_take(void);
void terrarium_stack_release(uint8_t *stack);
void *terrarium_fiber_prepare(uint8_t *stack, struct terrarium_host_task *task);
void terrarium_switch(void **save_sp, void *load_sp);
__attribute__((noreturn)) void terrarium_jump(void *load_sp);

// fault.c
void terrarium_fault_install(void);         // process-wide, once
void terrarium_fault_prepare_thread(void);  // alternate stack of the calling thread
void terrarium_fault_before_resume(struct terrarium_host_task *task);
// Program counter and stack pointer of a task that stopped in a fault.
void terrarium_fault_registers(const struct terrarium_host_task *task, uintptr_t *pc, uintptr_t *sp);

// trace.c
uint32_t terrarium_trace(const struct terrarium_host_task *task, uint64_t *offsets, uint32_t capacity);

// space.c
bool terrarium_space_create(struct terrarium_host_task *task);
void terrarium_space_destroy(struct terrarium_host_task *task);
bool terrarium_space_resolve(struct terrarium_host_task *task, uint32_t page, bool is_write);
void terrarium_space_refresh(struct terrarium_host_task *task);  // before the task runs
void terrarium_space_forget_mappings(struct terrarium_host_task *task);
void terrarium_forget_all_mappings(void);

#endif
