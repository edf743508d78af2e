// The SIGSEGV handler: faults inside a task's reservation become page-fault exits, faults on its stack's guard become
// stack-overflow traps, everything else goes to the handler that was there before.
//
// The handler runs on an alternate stack that all tasks of a thread share, so it cannot simply be left: it copies the
// kernel's signal frame (registers and vector state) below the interrupted stack pointer of the fiber, arranges that
// switching to the fiber runs a raw rt_sigreturn on that copy, and jumps to the machine. Nothing of the frame stays on
// the alternate stack. SA_NODEFER keeps the signal mask as it was.
#include "internal.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static _Thread_local struct terrarium_host_task *current;
static _Thread_local stack_t thread_stack;
static struct sigaction previous_segv, previous_bus;
static pthread_key_t stack_key;
enum { ALTERNATE_STACK_BYTE_COUNT = 128 << 10 };

// Never inlined: the address of a thread-local must not be kept across a switch that may change threads.
__attribute__((noinline)) struct terrarium_host_task *terrarium_current(void) { return current; }
__attribute__((noinline)) void terrarium_set_current(struct terrarium_host_task *t) { current = t; }

static void chain(int signal_number, siginfo_t *info, void *context) {
  struct sigaction *old = signal_number == SIGBUS ? &previous_bus : &previous_segv;
  if (old->sa_flags & SA_SIGINFO) {
    old->sa_sigaction(signal_number, info, context);
  } else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
    old->sa_handler(signal_number);
  } else {
    signal(signal_number, SIG_DFL);  // the instruction runs again and ends the process with the right status
  }
}

#if defined(__x86_64__)
// The kernel's frame: return address, then `ucontext` of which the kernel reads these 304 bytes, then siginfo (not
// read back). The vector state lies wherever `fpregs` points.
enum { KERNEL_UCONTEXT_BYTE_COUNT = 304 };
__asm__(
    ".text\n"
    "terrarium_sigreturn:\n"
    "  mov $15, %eax\n"
    "  syscall\n"
    "  ud2\n");
void terrarium_sigreturn(void);
__asm__(".hidden terrarium_sigreturn\n");

static uintptr_t stack_pointer(const ucontext_t *uc) { return (uintptr_t)uc->uc_mcontext.gregs[REG_RSP]; }
static bool was_write(const ucontext_t *uc) { return (uc->uc_mcontext.gregs[REG_ERR] & 2) != 0; }

static size_t vector_state_byte_count(const uint8_t *state) {
  uint32_t magic, size;
  memcpy(&magic, state + 464, 4);
  memcpy(&size, state + 468, 4);
  return magic == 0x46505853u ? size : 512;
}

// Copies the frame onto the fiber's stack. False when it does not fit above the guard.
static bool save_frame(struct terrarium_host_task *t, ucontext_t *uc) {
  uintptr_t sp = stack_pointer(uc) - 128;  // red zone
  const uint8_t *state = (const uint8_t *)uc->uc_mcontext.fpregs;
  size_t n = state ? vector_state_byte_count(state) : 0;
  sp = (sp - n) & ~(uintptr_t)63;
  uint8_t *vector = (uint8_t *)sp;
  uint8_t *frame = (uint8_t *)((sp - KERNEL_UCONTEXT_BYTE_COUNT - 8) & ~(uintptr_t)15);
  if (frame - 48 < t->stack + STACK_GUARD_BYTE_COUNT) return false;
  if (n) memcpy(vector, state, n);
  memcpy(frame + 8, uc, KERNEL_UCONTEXT_BYTE_COUNT);
  if (n) ((ucontext_t *)(void *)(frame + 8))->uc_mcontext.fpregs = (fpregset_t)(void *)vector;
  void (*back)(void) = terrarium_sigreturn;
  memcpy(frame, &back, sizeof back);   // `ret` of the switch lands in the trampoline with rsp = frame + 8
  memset(frame - 48, 0, 48);           // the six registers that the switch pops
  t->fiber_sp = frame - 48;
  t->saved_frame = frame + 8;
  return true;
}
#elif defined(__aarch64__)
// The kernel's frame: siginfo (128 bytes), then ucontext with the vector state inline. sp points at the frame.
struct esr_record { uint32_t magic, size; uint64_t esr; };
__asm__(
    ".text\n"
    "terrarium_sigreturn:\n"
    "  mov x8, #139\n"
    "  svc #0\n"
    "  brk #1\n");
void terrarium_sigreturn(void);
__asm__(".hidden terrarium_sigreturn\n");

static uintptr_t stack_pointer(const ucontext_t *uc) { return (uintptr_t)uc->uc_mcontext.sp; }
static bool was_write(const ucontext_t *uc) {
  const uint8_t *p = (const uint8_t *)uc->uc_mcontext.__reserved;
  for (size_t i = 0; i + 8 <= sizeof uc->uc_mcontext.__reserved;) {
    struct esr_record r;
    memcpy(&r, p + i, sizeof r);
    if (r.magic == 0x45535201u) return (r.esr & 64) != 0;  // WnR
    if (r.magic == 0 || r.size == 0) break;
    i += r.size;
  }
  return true;
}

static bool save_frame(struct terrarium_host_task *t, ucontext_t *uc) {
  size_t n = 128 + sizeof(ucontext_t);
  uint8_t *frame = (uint8_t *)((stack_pointer(uc) - n) & ~(uintptr_t)15);
  if (frame - 176 < t->stack + STACK_GUARD_BYTE_COUNT) return false;
  memset(frame, 0, 128);
  memcpy(frame + 128, uc, sizeof(ucontext_t));
  uint64_t *registers = (uint64_t *)(void *)(frame - 176);
  memset(registers, 0, 176);
  registers[11] = (uint64_t)terrarium_sigreturn;
  t->fiber_sp = frame - 176;
  t->saved_frame = frame + 128;
  return true;
}
#endif

void terrarium_fault_registers(const struct terrarium_host_task *t, uintptr_t *pc, uintptr_t *sp) {
  const ucontext_t *uc = t->saved_frame;
#if defined(__x86_64__)
  *pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#else
  *pc = (uintptr_t)uc->uc_mcontext.pc;
#endif
  *sp = stack_pointer(uc);
}

// sigreturn also restores the alternate stack; the task may go on in another thread than the one it faulted in.
void terrarium_fault_before_resume(struct terrarium_host_task *t) {
  if (!t->saved_frame) return;
  ((ucontext_t *)t->saved_frame)->uc_stack = thread_stack;
  t->saved_frame = NULL;
}

static void leave_with_trap(struct terrarium_host_task *t, uint32_t code) {
  t->task->reason = TERRARIUM_EXIT_TRAP;
  t->task->code = code;
  terrarium_jump(t->main_sp);
}

static void handle(int signal_number, siginfo_t *info, void *context) {
  struct terrarium_host_task *t = current;
  if (!t) return chain(signal_number, info, context);
  ucontext_t *uc = context;
  uintptr_t address = (uintptr_t)info->si_addr;
  uintptr_t guard = (uintptr_t)t->stack;
  uintptr_t sp = stack_pointer(uc);
  bool on_fiber = sp >= guard && sp <= guard + STACK_BYTE_COUNT;
  if (on_fiber && address >= guard && address < guard + STACK_GUARD_BYTE_COUNT)
    leave_with_trap(t, TERRARIUM_TRAP_STACK_OVERFLOW);
  uintptr_t offset = address - (uintptr_t)t->memory;
  if (!on_fiber || offset >= RESERVATION_BYTE_COUNT) return chain(signal_number, info, context);
  if (offset >= (uintptr_t)PAGE_COUNT << PAGE_SHIFT) leave_with_trap(t, TERRARIUM_TRAP_OUT_OF_BOUNDS);
  if (!save_frame(t, uc)) leave_with_trap(t, TERRARIUM_TRAP_STACK_OVERFLOW);
  t->task->reason = TERRARIUM_EXIT_PAGE_FAULT;
  t->task->page = (uint32_t)(offset >> PAGE_SHIFT);
  t->task->is_write = was_write(uc);
  terrarium_jump(t->main_sp);
}

static void free_thread_stack(void *p) {
  stack_t off = {.ss_flags = SS_DISABLE};
  sigaltstack(&off, NULL);
  munmap(p, ALTERNATE_STACK_BYTE_COUNT);
}

static void install_once(void) {
  pthread_key_create(&stack_key, free_thread_stack);
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &previous_segv);
  sigaction(SIGBUS, &action, &previous_bus);
}

void terrarium_fault_install(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install_once);
}

void terrarium_fault_prepare_thread(void) {
  if (__builtin_expect(thread_stack.ss_sp != NULL, 1)) return;
  void *p = mmap(NULL, ALTERNATE_STACK_BYTE_COUNT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) abort();
  thread_stack = (stack_t){.ss_sp = p, .ss_size = ALTERNATE_STACK_BYTE_COUNT};
  sigaltstack(&thread_stack, NULL);
  pthread_setspecific(stack_key, p);
}
