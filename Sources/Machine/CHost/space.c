// A task's linear memory: an 8 GiB reservation whose 64 KiB pages the host maps from the RAM memfd. The page table is
// what the kernel decided; the host's mappings are a cache of it, filled on faults and dropped freely (parked tasks,
// too many mappings). Invariant: ENTRY_MAPPED implies ENTRY_PRESENT and a host mapping with the same rights.
#include "internal.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

enum { AROUND_PAGES = 16 };  // a fault brings in up to this many contiguous neighbours with the same rights

static _Atomic uint64_t lazy_faults;
uint64_t terrarium_lazy_fault_count(void) { return lazy_faults; }

bool terrarium_space_create(struct terrarium_host_task *t) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  uint8_t *m = mmap(NULL, RESERVATION_BYTE_COUNT + (1u << PAGE_SHIFT), PROT_NONE, flags, -1, 0);
  if (m == MAP_FAILED) return false;
  uint32_t *e = mmap(NULL, PAGE_COUNT * sizeof *e, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (e == MAP_FAILED) {
    munmap(m, RESERVATION_BYTE_COUNT + (1u << PAGE_SHIFT));
    return false;
  }
  // Page boundaries of the guest are 64 KiB boundaries of the host's addresses (`terrarium_touch` relies on it).
  t->memory = (uint8_t *)(((uintptr_t)m + 0xffff) & ~(uintptr_t)0xffff);
  if (t->memory != m) munmap(m, (size_t)(t->memory - m));
  size_t excess = (1u << PAGE_SHIFT) - (size_t)(t->memory - m);
  if (excess) munmap(t->memory + RESERVATION_BYTE_COUNT, excess);
  t->entries = e;
  return true;
}

void terrarium_space_destroy(struct terrarium_host_task *t) {
  munmap(t->memory, RESERVATION_BYTE_COUNT);
  munmap(t->entries, PAGE_COUNT * sizeof *t->entries);
}

static bool protect_none(uint8_t *address, uint64_t byte_count) {
  return mmap(address, byte_count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

void terrarium_space_forget_mappings(struct terrarium_host_task *t) {
  if (t->mapped_count == 0) return;
  protect_none(t->memory, (uint64_t)PAGE_COUNT << PAGE_SHIFT);
  for (uint32_t p = 0; p < t->page_last; p++) t->entries[p] &= ~(uint32_t)ENTRY_MAPPED;
  t->mapped_count = 0;
}

// Maps `count` pages from `page` whose entries are present, of equal rights and of contiguous frames.
static bool host_map(struct terrarium_host_task *t, uint32_t page, uint32_t count) {
  uint32_t entry = t->entries[page];
  int rights = PROT_READ | (entry & ENTRY_WRITABLE ? PROT_WRITE : 0);
  void *at = t->memory + ((uint64_t)page << PAGE_SHIFT);
  uint64_t n = (uint64_t)count << PAGE_SHIFT;
  off_t offset = (off_t)((uint64_t)(entry >> ENTRY_FRAME_SHIFT) << PAGE_SHIFT);
  for (int attempt = 0;; attempt++) {
    if (mmap(at, n, rights, MAP_SHARED | MAP_FIXED, t->ram_descriptor, offset) != MAP_FAILED) break;
    if (attempt == 0) terrarium_space_forget_mappings(t);        // too many mappings: start this task's over
    else if (attempt == 1) terrarium_forget_all_mappings();      // then everybody's
    else return false;
  }
  // The page that is wanted now; the neighbours' host pages come by the host's own minor faults, if at all.
  madvise(at, 1u << PAGE_SHIFT, entry & ENTRY_WRITABLE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
  for (uint32_t i = 0; i < count; i++) {
    if (!(t->entries[page + i] & ENTRY_MAPPED)) t->mapped_count++;
    t->entries[page + i] |= ENTRY_MAPPED;
  }
  return true;
}

bool terrarium_space_resolve(struct terrarium_host_task *t, uint32_t page, bool is_write) {
  if (page >= PAGE_COUNT) return false;
  uint32_t entry = t->entries[page];
  if (!(entry & ENTRY_PRESENT) || (is_write && !(entry & ENTRY_WRITABLE))) return false;
  if (entry & ENTRY_MAPPED) return false;  // mapped with these rights and still faulting: not ours to mend
  lazy_faults++;
  uint32_t count = 1;
  while (count < AROUND_PAGES && page + count < PAGE_COUNT &&
         t->entries[page + count] == entry + (count << ENTRY_FRAME_SHIFT)) count++;
  return host_map(t, page, count);
}

void terrarium_task_map(terrarium_host_task *t, uint32_t page, uint32_t first_frame, uint32_t count, bool writable) {
  for (uint32_t i = 0; i < count && page + i < PAGE_COUNT && first_frame + i < t->frame_count; i++) {
    uint32_t entry = (first_frame + i) << ENTRY_FRAME_SHIFT | ENTRY_PRESENT | (writable ? ENTRY_WRITABLE : 0);
    uint32_t old = t->entries[page + i];
    if ((old | ENTRY_MAPPED) == (entry | ENTRY_MAPPED) && (old & ENTRY_PRESENT)) continue;
    t->entries[page + i] = entry | (old & ENTRY_MAPPED);
    if (page + i >= t->page_last) t->page_last = page + i + 1;
    if (old & ENTRY_MAPPED) host_map(t, page + i, 1);  // replaces the stale mapping
  }
}

void terrarium_task_unmap(terrarium_host_task *t, uint32_t page, uint32_t count) {
  for (uint32_t i = 0; i < count && page + i < PAGE_COUNT; i++) {
    uint32_t old = t->entries[page + i];
    t->entries[page + i] = 0;
    if (!(old & ENTRY_MAPPED)) continue;
    t->mapped_count--;
    if (!protect_none(t->memory + ((uint64_t)(page + i) << PAGE_SHIFT), 1u << PAGE_SHIFT)) {
      t->mapped_count++;
      terrarium_space_forget_mappings(t);
    }
  }
}
