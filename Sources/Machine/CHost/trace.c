// Where a stopped task is: offsets into its shared object, innermost first. A heuristic for people, never an input of
// anything: every word on the stack that points behind a call instruction of the program counts as a return address.
#include "internal.h"
#include <dlfcn.h>
#include <link.h>

struct text { uintptr_t base, start, end; };

static int find_text(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct text *t = data;
  uintptr_t start = 0, end = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *h = &info->dlpi_phdr[i];
    if (h->p_type != PT_LOAD || !(h->p_flags & PF_X)) continue;
    start = info->dlpi_addr + h->p_vaddr;
    end = start + h->p_memsz;
  }
  if (info->dlpi_addr != t->base) return 0;
  t->start = start;
  t->end = end;
  return 1;
}

static bool follows_call(uintptr_t p, const struct text *t) {
#if defined(__x86_64__)
  if (p < t->start + 7 || p >= t->end) return false;
  const uint8_t *b = (const uint8_t *)p;
  if (b[-5] == 0xe8) {
    int32_t distance;
    __builtin_memcpy(&distance, b - 4, 4);
    uintptr_t target = p + (uintptr_t)(intptr_t)distance;
    return target >= t->start && target < t->end;
  }
  return (b[-2] == 0xff && (b[-1] & 0x38) == 0x10) || (b[-3] == 0xff && (b[-2] & 0x38) == 0x10) ||
         (b[-6] == 0xff && (b[-5] & 0x38) == 0x10);
#else
  if (p < t->start + 4 || p >= t->end || p % 4) return false;
  uint32_t i = *(const uint32_t *)(p - 4);
  return (i & 0xfc000000) == 0x94000000 || (i & 0xfffffc1f) == 0xd63f0000;
#endif
}

uint32_t terrarium_trace(const struct terrarium_host_task *t, uint64_t *offsets, uint32_t capacity) {
  Dl_info info;
  if (!t->stack || !dladdr((void *)t->program, &info)) return 0;
  struct text text = {.base = (uintptr_t)info.dli_fbase};
  if (!dl_iterate_phdr(find_text, &text)) return 0;
  uint32_t n = 0;
  uintptr_t sp = (uintptr_t)t->fiber_sp;
  if (t->saved_frame) {
    uintptr_t pc;
    terrarium_fault_registers(t, &pc, &sp);
    if (pc >= text.start && pc < text.end && n < capacity) offsets[n++] = pc - text.base;
  }
  uintptr_t top = (uintptr_t)t->stack + STACK_BYTE_COUNT;
  if (sp < (uintptr_t)t->stack + STACK_GUARD_BYTE_COUNT) sp = (uintptr_t)t->stack + STACK_GUARD_BYTE_COUNT;
  for (uintptr_t p = (sp + 7) & ~(uintptr_t)7; p + 8 <= top && n < capacity; p += 8) {
    uintptr_t word = *(const uintptr_t *)p;
    if (follows_call(word, &text)) offsets[n++] = word - 1 - text.base;
  }
  return n;
}

uint32_t terrarium_task_trace(const terrarium_host_task *t, uint64_t *offsets, uint32_t capacity) {
  if (t->is_active) return terrarium_trace(t, offsets, capacity);
  uint32_t n = t->trace_count < capacity ? t->trace_count : capacity;
  for (uint32_t i = 0; i < n; i++) offsets[i] = t->trace[i];
  return n;
}
