// Native stacks of tasks and the switch between them and the machine. C with assembly because a stack switch cannot be
// written in Swift. Only callee-saved registers cross a voluntary switch; faults save everything (fault.c).
#include "internal.h"
#include <pthread.h>
#include <sys/mman.h>

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *pool_head;  // the first word of a pooled stack's top links to the next
static uint32_t pool_count;
enum { POOL_COUNT_MAX = 16 };

static uint8_t **link_of(uint8_t *stack) { return (uint8_t **)(void *)(stack + STACK_BYTE_COUNT - 16); }

uint8_t *terrarium_stack_take(void) {
  pthread_mutex_lock(&pool_lock);
  uint8_t *stack = pool_head;
  if (stack) {
    pool_head = *link_of(stack);
    pool_count--;
  }
  pthread_mutex_unlock(&pool_lock);
  if (stack) return stack;
  stack = mmap(NULL, STACK_BYTE_COUNT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) return NULL;
  mprotect(stack, STACK_GUARD_BYTE_COUNT, PROT_NONE);
  return stack;
}

void terrarium_stack_release(uint8_t *stack) {
  pthread_mutex_lock(&pool_lock);
  bool keep = pool_count < POOL_COUNT_MAX;
  if (keep) {
    *link_of(stack) = pool_head;
    pool_head = stack;
    pool_count++;
  }
  pthread_mutex_unlock(&pool_lock);
  if (!keep) munmap(stack, STACK_BYTE_COUNT);
}

__attribute__((noreturn, used)) void terrarium_fiber_main(struct terrarium_host_task *t) {
  void *instance = t->task + 1;
  t->task->result = t->program->entries[t->entry](instance, t->argument0, t->argument1);
  t->task->reason = TERRARIUM_EXIT_FINISHED;
  for (;;) t->task->leave(t->task);
}

#if defined(__x86_64__)
__asm__(
    ".text\n"
    ".globl terrarium_switch\n.hidden terrarium_switch\n.type terrarium_switch,@function\n"
    "terrarium_switch:\n"
    "  push %rbp\n  push %rbx\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
    "  mov %rsp, (%rdi)\n"
    "  mov %rsi, %rsp\n"
    "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbx\n  pop %rbp\n"
    "  ret\n"
    ".globl terrarium_jump\n.hidden terrarium_jump\n.type terrarium_jump,@function\n"
    "terrarium_jump:\n"
    "  mov %rdi, %rsp\n"
    "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbx\n  pop %rbp\n"
    "  ret\n"
    "terrarium_fiber_start:\n"
    "  mov %r12, %rdi\n"
    "  xor %ebp, %ebp\n"
    "  call terrarium_fiber_main\n"
    "  ud2\n");
void terrarium_fiber_start(void);
__asm__(".hidden terrarium_fiber_start\n");

void *terrarium_fiber_prepare(uint8_t *stack, struct terrarium_host_task *t) {
  uint64_t *top = (uint64_t *)(void *)(stack + STACK_BYTE_COUNT - 64);
  uint64_t *sp = top - 7;  // r15 r14 r13 r12 rbx rbp, return address; 16-aligned at fiber_start
  for (int i = 0; i < 7; i++) sp[i] = 0;
  sp[3] = (uint64_t)t;     // r12
  sp[6] = (uint64_t)terrarium_fiber_start;
  return sp;
}

#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".globl terrarium_switch\n.hidden terrarium_switch\n.type terrarium_switch,@function\n"
    "terrarium_switch:\n"
    "  sub sp, sp, #176\n"
    "  stp x19, x20, [sp, #0]\n  stp x21, x22, [sp, #16]\n  stp x23, x24, [sp, #32]\n"
    "  stp x25, x26, [sp, #48]\n  stp x27, x28, [sp, #64]\n  stp x29, x30, [sp, #80]\n"
    "  stp d8, d9, [sp, #96]\n  stp d10, d11, [sp, #112]\n  stp d12, d13, [sp, #128]\n  stp d14, d15, [sp, #144]\n"
    "  mov x9, sp\n  str x9, [x0]\n"
    "  mov x0, x1\n"
    ".globl terrarium_jump\n.hidden terrarium_jump\n.type terrarium_jump,@function\n"
    "terrarium_jump:\n"
    "  mov sp, x0\n"
    "  ldp x19, x20, [sp, #0]\n  ldp x21, x22, [sp, #16]\n  ldp x23, x24, [sp, #32]\n"
    "  ldp x25, x26, [sp, #48]\n  ldp x27, x28, [sp, #64]\n  ldp x29, x30, [sp, #80]\n"
    "  ldp d8, d9, [sp, #96]\n  ldp d10, d11, [sp, #112]\n  ldp d12, d13, [sp, #128]\n  ldp d14, d15, [sp, #144]\n"
    "  add sp, sp, #176\n"
    "  ret\n"
    "terrarium_fiber_start:\n"
    "  mov x0, x19\n"
    "  mov x29, #0\n"
    "  bl terrarium_fiber_main\n"
    "  brk #1\n");
void terrarium_fiber_start(void);
__asm__(".hidden terrarium_fiber_start\n");

void *terrarium_fiber_prepare(uint8_t *stack, struct terrarium_host_task *t) {
  uint64_t *sp = (uint64_t *)(void *)(stack + STACK_BYTE_COUNT - 64 - 176);
  for (int i = 0; i < 22; i++) sp[i] = 0;
  sp[0] = (uint64_t)t;                       // x19
  sp[11] = (uint64_t)terrarium_fiber_start;  // x30
  return sp;
}
#else
#error "Fibers exist for x86-64 and aarch64."
#endif
