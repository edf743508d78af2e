// The C functions that Embedded Swift and wasi-libc expect of the system, over the kernel's system calls. C because
// they are called by C names and partly before any Swift runs. Memory is allocator.c's; everything else
// (strings, mathematics) is wasi-libc's.
typedef __SIZE_TYPE__ size_t;
typedef unsigned char u8;
typedef unsigned long long u64;
typedef long long s64;

__attribute__((import_module("kernel"), import_name("syscall")))
long long kernel_syscall(int number, long long a0, long long a1, long long a2, long long a3, long long a4, long long a5);

enum { CALL_EXIT = 0, CALL_PRINT_DEBUG = 1, CALL_RANDOM = 5 };

void arc4random_buf(void *buffer, size_t count) {
  kernel_syscall(CALL_RANDOM, (long long)(unsigned long)buffer, (long long)count, 0, 0, 0, 0);
}

// Output arrives byte by byte and leaves line by line.
static char line[240];
static unsigned line_count;
int putchar(int c) {
  if (c != '\n') line[line_count++] = (char)c;
  if (c == '\n' || line_count == sizeof line) {
    kernel_syscall(CALL_PRINT_DEBUG, (long long)(unsigned long)line, line_count, 0, 0, 0, 0);
    line_count = 0;
  }
  return c;
}

__attribute__((noreturn)) void abort(void) { __builtin_trap(); }

void *__stack_chk_guard = (void *)0x5bd1e995;
__attribute__((noreturn)) void __stack_chk_fail(void) { __builtin_trap(); }

double strtod(const char *text, char **end);
const char *_swift_stdlib_strtod_clocale(const char *text, double *result) {
  char *end;
  *result = strtod(text, &end);
  return end;
}
float strtof(const char *text, char **end);
const char *_swift_stdlib_strtof_clocale(const char *text, float *result) {
  char *end;
  *result = strtof(text, &end);
  return end;
}
