// C glue of the machine: what Swift cannot express. `ram.c`: memfd; `space.c`: a task's linear memory; `fiber.c`:
// native stacks and switching; `fault.c`: the SIGSEGV handler; `task.c`: tasks and their exits; `detach.c`: copies of
// a running machine by fork.
#ifndef TERRARIUM_CHOST_H
#define TERRARIUM_CHOST_H

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

#pragma clang assume_nonnull begin

// Guest RAM: a memfd of `byte_count` bytes, mapped and prefaulted. Returns the descriptor, or -1 with errno.
int terrarium_ram_create(uint64_t byte_count, void *_Nullable *_Nonnull address);
void terrarium_ram_destroy(int descriptor, void *address, uint64_t byte_count);

// fork() of a process with one thread; -1 with EDEADLK when there are more. Otherwise as fork().
int terrarium_fork(void);
// Gives the calling process RAM of its own in place of the memfd it shares with its parent: copies what is not zero, maps
// the copy at the same address under the same descriptor, drops all tasks' mappings. Bytes copied, or -1 with errno.
int64_t terrarium_ram_detach(int descriptor, void *address, uint64_t byte_count);
// Connected stream sockets (close-on-exec), and passing a descriptor over one. 0 (or the descriptor), or -1 with errno.
int terrarium_socket_pair(int *a, int *b);
int terrarium_send_descriptor(int socket, int descriptor);
int terrarium_receive_descriptor(int socket);

// A loaded program (the descriptor that the shared object exports).
typedef struct terrarium_program terrarium_program;
typedef struct {
  const char *name;
  uint64_t content_hash;
  uint32_t pages_initial, pages_max;
  bool has_start, has_handle, has_cloned;
} terrarium_program_info;
// Loads a shared object; NULL with a message in `error` (static buffer of the caller) when it is none of ours.
terrarium_program *_Nullable terrarium_program_load(const char *path, char *error, size_t error_capacity);
terrarium_program_info terrarium_program_get_info(const terrarium_program *program);

// Tasks.
typedef struct terrarium_host_task terrarium_host_task;
terrarium_host_task *_Nullable terrarium_task_create(terrarium_program *program, int ram_descriptor, uint32_t frame_count);
// NULL when the source is not quiescent or memory is short.
terrarium_host_task *_Nullable terrarium_task_clone(const terrarium_host_task *source);
void terrarium_task_destroy(terrarium_host_task *task);
void terrarium_task_park(terrarium_host_task *task);
bool terrarium_task_begin(terrarium_host_task *task, int entry, int64_t argument0, int64_t argument1);

typedef struct {
  uint32_t reason;       // 0 system call, 1 out of fuel, 2 page fault, 3 trap, 4 finished
  uint32_t code;         // trap code
  uint32_t page;
  bool is_write;
  int64_t result;
  uint64_t consumed;
} terrarium_exit;
terrarium_exit terrarium_task_run(terrarium_host_task *task, uint64_t budget);

typedef struct { int32_t number; int64_t a0, a1, a2, a3, a4, a5; } terrarium_arguments;
terrarium_arguments terrarium_task_arguments(const terrarium_host_task *task);
void terrarium_task_set_result(terrarium_host_task *task, int64_t value);
uint32_t terrarium_task_memory_pages(const terrarium_host_task *task);
// Registers and globals without host addresses; returns the byte count, writes at most `capacity`.
size_t terrarium_task_save(const terrarium_host_task *task, uint8_t *_Nullable out, size_t capacity);
// Saved registers and globals into a quiescent task of the same program. False: these bytes are no state of it, and
// nothing has changed. Any bytes are safe for the host.
bool terrarium_task_restore(terrarium_host_task *task, const uint8_t *in, size_t byte_count);

// Address space. Mapping is recorded at once and done by the host when the task touches the page.
void terrarium_task_map(terrarium_host_task *task, uint32_t page, uint32_t first_frame, uint32_t count, bool writable);
void terrarium_task_unmap(terrarium_host_task *task, uint32_t page, uint32_t count);

// Where a stopped or trapped task is: offsets into its shared object, innermost first (for people).
uint32_t terrarium_task_trace(const terrarium_host_task *task, uint64_t *offsets, uint32_t capacity);

// Host faults that the machine resolved by itself (mappings brought back), for measurements.
uint64_t terrarium_lazy_fault_count(void);

#pragma clang assume_nonnull end
#endif
