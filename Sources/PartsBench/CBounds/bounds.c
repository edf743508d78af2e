#define _GNU_SOURCE
#include "CBounds.h"
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define PAGE 65536ul
#define HUGE (2ul << 20)
enum { ROUNDS = 9, FRAMES = 512 };

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
double terrarium_thread_seconds(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }

// The least of several rounds of `count` times `body`, for one.
#define BEST(count, body)                                         \
  ({                                                              \
    double best = 1e9;                                            \
    for (int round = 0; round < ROUNDS; round++) {                \
      double start = terrarium_thread_seconds();                  \
      for (int i = 0; i < (count); i++) body;                     \
      double took = terrarium_thread_seconds() - start;           \
      if (took < best) best = took;                               \
    }                                                             \
    best / (count);                                               \
  })

double terrarium_bound_system_call(void) { return BEST(20000, syscall(SYS_getppid)); }

// RAM as CHost makes it, and a reservation to map it into.
struct ram { int fd; uint8_t *linear, *space; };
static int begin(struct ram *r) {
  r->fd = memfd_create("bounds", MFD_CLOEXEC);
  if (r->fd < 0 || ftruncate(r->fd, FRAMES * PAGE) != 0) return 0;
  uint8_t *m = mmap(NULL, FRAMES * PAGE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  r->linear = (uint8_t *)(((uintptr_t)m + HUGE - 1) & ~(HUGE - 1));
  r->linear = mmap(r->linear, FRAMES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r->fd, 0);
  r->space = mmap(NULL, FRAMES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (r->linear == MAP_FAILED || r->space == MAP_FAILED) return 0;
  for (unsigned long i = 0; i < FRAMES * PAGE; i += HUGE) r->linear[i] = 0;
  madvise(r->linear, FRAMES * PAGE, MADV_COLLAPSE);
  memset(r->linear, 1, FRAMES * PAGE);
  return 1;
}
static void end(struct ram *r) {
  munmap(r->linear, FRAMES * PAGE);
  munmap(r->space, FRAMES * PAGE);
  close(r->fd);
}
static void unmap_all(struct ram *r) { mmap(r->space, FRAMES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0); }
// Frames come in no order, as in a machine that has run for a while.
static unsigned long scattered(int i) { return (unsigned long)(i * 37 % FRAMES) * PAGE; }

double terrarium_bound_clear(void) {
  struct ram r;
  if (!begin(&r)) return 0;
  double t = BEST(FRAMES, memset(r.linear + scattered(i), 0, PAGE));
  end(&r);
  return t;
}
double terrarium_bound_copy(void) {
  struct ram r;
  if (!begin(&r)) return 0;
  double t = BEST(FRAMES / 2, memcpy(r.linear + scattered(i), r.linear + scattered(i + FRAMES / 2), PAGE));
  end(&r);
  return t;
}
static void map_one(struct ram *r, int i) {
  uint8_t *at = r->space + (unsigned long)i * PAGE;
  if (mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r->fd, (off_t)scattered(i)) != MAP_FAILED) (void)*(volatile uint8_t *)at;
}
double terrarium_bound_map(void) {
  struct ram r;
  if (!begin(&r)) return 0;
  double best = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    unmap_all(&r);
    double start = terrarium_thread_seconds();
    for (int i = 0; i < FRAMES; i++) map_one(&r, i);
    double took = terrarium_thread_seconds() - start;
    if (took < best) best = took;
  }
  end(&r);
  return best / FRAMES;
}
double terrarium_bound_touch(void) {
  struct ram r;
  if (!begin(&r)) return 0;
  double best = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    unmap_all(&r);
    mmap(r.space, FRAMES * PAGE - PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r.fd, PAGE);
    double start = terrarium_thread_seconds();
    for (unsigned long i = 0; i < FRAMES - 1; i++) ((volatile uint8_t *)r.space)[i * PAGE] = 1;
    double took = terrarium_thread_seconds() - start;
    if (took < best) best = took;
  }
  end(&r);
  return best / (FRAMES - 1);
}

static void skip(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  ucontext_t *uc = context;
#if defined(__x86_64__)
  uc->uc_mcontext.gregs[REG_RIP] += 2;
#else
  uc->uc_mcontext.pc += 4;
#endif
}
double terrarium_bound_signal(void) {
  uint8_t *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (none == MAP_FAILED) return 0;
  struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO | SA_NODEFER}, before;
  sigaction(SIGSEGV, &action, &before);
#if defined(__x86_64__)
  double t = BEST(5000, __asm__ volatile("movb (%%rcx), %%al" : : "c"(none) : "rax", "memory"));
#else
  double t = BEST(5000, __asm__ volatile("ldrb w0, [%0]" : : "r"(none) : "x0", "memory"));
#endif
  sigaction(SIGSEGV, &before, NULL);
  munmap(none, PAGE);
  return t;
}

static void reserve(void) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *space = mmap(NULL, 8ul << 30, PROT_NONE, flags, -1, 0), *table = mmap(NULL, 256 << 10, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (table != MAP_FAILED) *(volatile uint8_t *)table = 1;
  if (space != MAP_FAILED) munmap(space, 8ul << 30);
  if (table != MAP_FAILED) munmap(table, 256 << 10);
}
double terrarium_bound_reserve(void) { return BEST(200, reserve()); }

// Of this process and of its children that have ended.
static double all_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_CHILDREN, &u);
  return terrarium_thread_seconds() + (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}
double terrarium_bound_fork(void) {
  uint8_t *p = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return 0;
  memset(p, 1, 16 << 20);
  double best = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    double start = terrarium_thread_seconds();
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child > 0) waitpid(child, NULL, 0);
    double took = terrarium_thread_seconds() - start;
    if (took < best) best = took;
  }
  munmap(p, 16 << 20);
  return best;
}

static int exchange(int in, int out, int rounds, int first) {
  char byte = 1;
  for (int i = 0; i < rounds; i++) {
    if (first && write(out, &byte, 1) != 1) return 0;
    if (read(in, &byte, 1) != 1) return 0;
    if (!first && write(out, &byte, 1) != 1) return 0;
  }
  return 1;
}
double terrarium_bound_pipe(void) {
  enum { COUNT = 3000 };
  double best = 1e9;
  cpu_set_t before, one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  if (sched_getaffinity(0, sizeof before, &before) != 0) return 0;
  sched_setaffinity(0, sizeof one, &one);
  for (int round = 0; round < 5; round++) {
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0) break;
    double start = all_seconds();
    pid_t child = fork();
    if (child == 0) _exit(!exchange(to[0], from[1], COUNT, 0));
    if (child > 0) {
      exchange(from[0], to[1], COUNT, 1);
      waitpid(child, NULL, 0);
    }
    double took = all_seconds() - start;
    if (child > 0 && took < best) best = took;
    close(to[0]), close(to[1]), close(from[0]), close(from[1]);
  }
  sched_setaffinity(0, sizeof before, &before);
  return best < 1e9 ? best / (2 * COUNT) : 0;
}
