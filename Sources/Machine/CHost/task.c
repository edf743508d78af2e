// Tasks: loading programs, creating, cloning and running their instances. A task runs on its fiber until it leaves with
// a reason; `terrarium_task_run` counts what it executed. Not thread-safe: one machine, one thread at a time.
#include "internal.h"
#include "program/wasm-rt.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#undef wasm_rt_trap

void terrarium_set_current(struct terrarium_host_task *t);

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct terrarium_host_task *list_head;

static void list_add(struct terrarium_host_task *t) {
  pthread_mutex_lock(&list_lock);
  t->next = list_head;
  if (list_head) list_head->previous = t;
  list_head = t;
  pthread_mutex_unlock(&list_lock);
}

static void list_remove(struct terrarium_host_task *t) {
  pthread_mutex_lock(&list_lock);
  if (t->previous) t->previous->next = t->next; else list_head = t->next;
  if (t->next) t->next->previous = t->previous;
  pthread_mutex_unlock(&list_lock);
}

// Only tasks of this thread's machine can be idle for sure; with several machines in one process the others keep
// their mappings (their RAM descriptor differs).
void terrarium_forget_all_mappings(void) {
  struct terrarium_host_task *self = terrarium_current();
  pthread_mutex_lock(&list_lock);
  for (struct terrarium_host_task *t = list_head; t; t = t->next)
    if (!self || t->ram_descriptor == self->ram_descriptor) terrarium_space_forget_mappings(t);
  pthread_mutex_unlock(&list_lock);
}

// Programs

static void trap(uint32_t code) {
  struct terrarium_host_task *t = terrarium_current();
  t->task->reason = TERRARIUM_EXIT_TRAP;
  t->task->code = code;
  t->task->leave(t->task);
  abort();  // a trapped task is never resumed
}

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;

terrarium_program *terrarium_program_load(const char *path, char *error, size_t capacity) {
  pthread_mutex_lock(&load_lock);
  terrarium_program *program = NULL;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(error, capacity, "%s", dlerror());
  } else if (!(program = dlsym(library, "terrarium_program"))) {
    snprintf(error, capacity, "it does not export a program descriptor");
  } else if (program->version != TERRARIUM_PROGRAM_VERSION) {
    snprintf(error, capacity, "it was built for version %u of the program interface, this is version %u",
             program->version, TERRARIUM_PROGRAM_VERSION);
    program = NULL;
  } else if (!program->trap) {  // the library stays loaded; a second load finds it initialised
    program->initialise();
    program->trap = trap;
  }
  pthread_mutex_unlock(&load_lock);
  return program;
}

terrarium_program_info terrarium_program_get_info(const terrarium_program *p) {
  return (terrarium_program_info){
      .name = p->name, .content_hash = p->content_hash, .pages_initial = p->pages_initial, .pages_max = p->pages_max,
      .has_start = p->entries[1] != NULL, .has_handle = p->entries[2] != NULL, .has_cloned = p->entries[3] != NULL};
}

// Tasks

#define METER_COUNT_MAX (UINT64_MAX >> METER_SHIFT)

static void leave(struct terrarium_task *task) {
  // The host task is found without thread-locals: a resumed fiber may be in another thread.
  struct terrarium_host_task *t = task->host;
  terrarium_switch(&t->fiber_sp, t->main_sp);
}

static size_t block_byte_count(const terrarium_program *p) {
  size_t n = sizeof(struct terrarium_task) + p->instance_byte_count + p->table_count * sizeof(wasm_rt_funcref_t);
  return (n + 63) & ~(size_t)63;
}

static struct terrarium_host_task *allocate(terrarium_program *p, int ram_descriptor, uint32_t frame_count) {
  struct terrarium_host_task *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->program = p;
  t->block_byte_count = block_byte_count(p);
  t->ram_descriptor = ram_descriptor;
  t->frame_count = frame_count;
  t->pending_page = TERRARIUM_NONE;
  t->task = aligned_alloc(64, t->block_byte_count);
  if (!t->task || !terrarium_space_create(t)) {
    free(t->task);
    free(t);
    return NULL;
  }
  memset(t->task, 0, t->block_byte_count);
  list_add(t);
  return t;
}

// Everything in the block that is a host address.
static void rewrite_addresses(struct terrarium_host_task *t) {
  uint8_t *instance = (uint8_t *)(t->task + 1);
  terrarium_program *p = t->program;
  t->task->leave = leave;
  t->task->memory = t->memory;
  t->task->host = t;
  if (p->import_offset != TERRARIUM_NONE) memcpy(instance + p->import_offset, &t->task, sizeof t->task);
  if (p->memory_offset != TERRARIUM_NONE) ((wasm_rt_memory_t *)(void *)(instance + p->memory_offset))->data = t->memory;
  if (p->table_offset == TERRARIUM_NONE) return;
  wasm_rt_funcref_table_t *table = (wasm_rt_funcref_table_t *)(void *)(instance + p->table_offset);
  table->data = (wasm_rt_funcref_t *)(void *)(instance + p->instance_byte_count);
  for (uint32_t i = 0; i < table->size && i < p->table_count; i++)
    if (table->data[i].func) table->data[i].module_instance = instance;
}

terrarium_host_task *terrarium_task_create(terrarium_program *p, int ram_descriptor, uint32_t frame_count) {
  terrarium_fault_install();
  struct terrarium_host_task *t = allocate(p, ram_descriptor, frame_count);
  if (!t) return NULL;
  rewrite_addresses(t);
  t->task->pages_max = p->pages_max;
  return t;
}

terrarium_host_task *terrarium_task_clone(const terrarium_host_task *source) {
  if (source->is_active || source->is_dead || !source->is_instantiated) return NULL;
  struct terrarium_host_task *t = allocate(source->program, source->ram_descriptor, source->frame_count);
  if (!t) return NULL;
  memcpy(t->task, source->task, t->block_byte_count);
  t->task->meter = 0;
  t->is_instantiated = true;
  rewrite_addresses(t);
  return t;
}

static void release_stack(struct terrarium_host_task *t) {
  if (t->stack) terrarium_stack_release(t->stack);
  t->stack = NULL;
  t->saved_frame = NULL;
}

void terrarium_task_destroy(terrarium_host_task *t) {
  list_remove(t);
  release_stack(t);
  terrarium_space_destroy(t);
  free(t->task);
  free(t);
}

void terrarium_task_park(terrarium_host_task *t) {
  if (!t->is_active) release_stack(t);
  terrarium_space_forget_mappings(t);
}

bool terrarium_task_begin(terrarium_host_task *t, int entry, int64_t argument0, int64_t argument1) {
  if (t->is_active || t->is_dead || entry < 0 || entry > 3 || !t->program->entries[entry]) return false;
  if ((entry == 0) == t->is_instantiated) return false;  // instantiate once, and before everything else
  if (!t->stack && !(t->stack = terrarium_stack_take())) return false;
  t->entry = entry;
  t->argument0 = argument0;
  t->argument1 = argument1;
  t->task->meter = (t->task->meter & ~METER_DEPTH_MASK) | METER_DEPTH_START;
  t->is_active = true;
  t->fiber_sp = terrarium_fiber_prepare(t->stack, t);
  return true;
}

static void enter(struct terrarium_host_task *t) {
  for (;;) {
    terrarium_fault_before_resume(t);
    terrarium_set_current(t);
    terrarium_switch(&t->main_sp, t->fiber_sp);
    terrarium_set_current(NULL);
    if (t->task->reason != TERRARIUM_EXIT_PAGE_FAULT) return;
    if (!terrarium_space_resolve(t, t->task->page, t->task->is_write)) return;
  }
}

terrarium_exit terrarium_task_run(terrarium_host_task *t, uint64_t budget) {
  terrarium_exit e = {.reason = TERRARIUM_EXIT_TRAP, .code = TERRARIUM_TRAP_UNKNOWN};
  if (!t->is_active) return e;  // the kernel asked for something impossible; it sees a trap, not a crash
  terrarium_fault_prepare_thread();
  if (t->stale_end != t->stale_first) terrarium_space_refresh(t);
  if (t->pending_page != TERRARIUM_NONE) {
    terrarium_space_resolve(t, t->pending_page, t->task->is_write);
    t->pending_page = TERRARIUM_NONE;
  }
  uint64_t before = t->task->meter >> METER_SHIFT;
  uint64_t limit = budget > METER_COUNT_MAX - before ? METER_COUNT_MAX : before + budget;
  t->task->limit = limit << METER_SHIFT | METER_DEPTH_MASK;
  enter(t);
  e.reason = t->task->reason;
  e.consumed = ((t->task->meter >> METER_SHIFT) - before) & METER_COUNT_MAX;
  switch (e.reason) {
    case TERRARIUM_EXIT_PAGE_FAULT:
      e.page = t->pending_page = t->task->page;
      e.is_write = t->task->is_write;
      break;
    case TERRARIUM_EXIT_TRAP:
      // The counter may live in a register: what is certain is that at most the slice was used.
      if (e.consumed < budget && budget < UINT64_MAX / 2) e.consumed = budget;
      e.code = t->task->code;
      t->trace_count = terrarium_trace(t, t->trace, TRACE_COUNT_MAX);
      t->is_active = false;
      t->is_dead = true;
      release_stack(t);
      break;
    case TERRARIUM_EXIT_FINISHED:
      e.result = t->task->result;
      t->is_active = false;
      if (t->entry == 0) t->is_instantiated = true;
      release_stack(t);
      break;
  }
  return e;
}

terrarium_arguments terrarium_task_arguments(const terrarium_host_task *t) {
  const int64_t *a = t->task->arguments;
  return (terrarium_arguments){t->task->number, a[0], a[1], a[2], a[3], a[4], a[5]};
}

void terrarium_task_set_result(terrarium_host_task *t, int64_t value) { t->task->result = value; }

static wasm_rt_memory_t *memory_of(const terrarium_host_task *t) {
  uint32_t offset = t->program->memory_offset;
  return offset == TERRARIUM_NONE ? NULL : (wasm_rt_memory_t *)(void *)((uint8_t *)(t->task + 1) + offset);
}

uint32_t terrarium_task_memory_pages(const terrarium_host_task *t) {
  wasm_rt_memory_t *m = memory_of(t);
  if (!m) return 0;
  return m->pages ? m->pages : t->program->pages_initial;
}

size_t terrarium_task_save(const terrarium_host_task *t, uint8_t *out, size_t capacity) {
  // The instance with its host addresses zeroed; the table never changes after instantiation.
  terrarium_program *p = t->program;
  size_t n = p->instance_byte_count;
  if (!out || capacity < n) return n;
  memcpy(out, t->task + 1, n);
  if (p->import_offset != TERRARIUM_NONE) memset(out + p->import_offset, 0, sizeof(void *));
  if (p->memory_offset != TERRARIUM_NONE) memset(out + p->memory_offset, 0, sizeof(void *));
  if (p->table_offset != TERRARIUM_NONE) memset(out + p->table_offset, 0, sizeof(void *));
  return n;
}

bool terrarium_task_restore(terrarium_host_task *t, const uint8_t *in, size_t byte_count) {
  terrarium_program *p = t->program;
  if (t->is_active || t->is_dead || !t->is_instantiated || byte_count != p->instance_byte_count) return false;
  // The bytes may come from anywhere. What the host relies on stays the task's own: addresses and the function table.
  // Only the memory's size is taken, when it is one that this program can have.
  uint8_t *instance = (uint8_t *)(t->task + 1);
  wasm_rt_memory_t memory = {0}, saved;
  wasm_rt_funcref_table_t table;
  if (p->memory_offset != TERRARIUM_NONE) {
    memcpy(&memory, instance + p->memory_offset, sizeof memory);
    memcpy(&saved, in + p->memory_offset, sizeof saved);
    if (saved.pages < p->pages_initial || saved.pages > p->pages_max || saved.size != saved.pages << 16) return false;
    memory.pages = saved.pages;
    memory.size = saved.size;
  }
  if (p->table_offset != TERRARIUM_NONE) memcpy(&table, instance + p->table_offset, sizeof table);
  memcpy(instance, in, byte_count);
  if (p->import_offset != TERRARIUM_NONE) memcpy(instance + p->import_offset, &t->task, sizeof t->task);
  if (p->memory_offset != TERRARIUM_NONE) memcpy(instance + p->memory_offset, &memory, sizeof memory);
  if (p->table_offset != TERRARIUM_NONE) memcpy(instance + p->table_offset, &table, sizeof table);
  return true;
}
