// A task's linear memory: an 8 GiB reservation whose 64 KiB pages the host maps from the RAM memfd. The page table is
// what the kernel decided; the host's mappings are a cache of it, filled on faults and dropped freely (parked tasks,
// too many mappings). Changes of what is mapped wait until the task runs, so that a clone, which takes the right to write
// from every page, costs a host call or two instead of one a page. Invariant while a task runs: ENTRY_MAPPED implies
// ENTRY_PRESENT and a host mapping of that frame with those rights.
#include "internal.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

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
  for (uint32_t p = 0; p < t->page_last; p++) t->entries[p] &= ~(uint32_t)ENTRY_HOST_FLAGS;
  t->mapped_count = 0;
  t->stale_first = t->stale_end = 0;
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
  // A read brings in all sixteen host pages of the page that is wanted at once (the host maps around read faults), and of
  // a writable mapping they are writable: a quarter of the cost of MADV_POPULATE_WRITE, which faults them one by one.
  // The neighbours come by the host's own faults, if at all.
  (void)*(volatile uint8_t *)at;
  for (uint32_t i = 0; i < count; i++) {
    if (!(t->entries[page + i] & ENTRY_MAPPED)) t->mapped_count++;
    t->entries[page + i] = (t->entries[page + i] & ~(uint32_t)ENTRY_HOST_FLAGS) | ENTRY_MAPPED;
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

static void mark_stale(struct terrarium_host_task *t, uint32_t page) {
  if (t->stale_end == t->stale_first) {
    t->stale_first = page;
    t->stale_end = page + 1;
    return;
  }
  if (page < t->stale_first) t->stale_first = page;
  if (page >= t->stale_end) t->stale_end = page + 1;
}

// One run of stale pages that need the same change. False when the host refused.
static bool refresh_run(struct terrarium_host_task *t, uint32_t page, uint32_t count) {
  uint32_t entry = t->entries[page];
  uint8_t *at = t->memory + ((uint64_t)page << PAGE_SHIFT);
  uint64_t n = (uint64_t)count << PAGE_SHIFT;
  if (entry & ENTRY_PRESENT && entry & ENTRY_OTHER_FRAME) return host_map(t, page, count);
  int rights = !(entry & ENTRY_PRESENT) ? PROT_NONE : entry & ENTRY_WRITABLE ? PROT_READ | PROT_WRITE : PROT_READ;
  if (rights != PROT_NONE ? mprotect(at, n, rights) != 0 : !protect_none(at, n)) return false;
  for (uint32_t i = 0; i < count; i++) t->entries[page + i] &= ~(uint32_t)(rights ? ENTRY_OTHER_RIGHTS : ENTRY_HOST_FLAGS);
  if (!rights) t->mapped_count -= count;
  return true;
}

// What must be equal for two neighbours to be refreshed together; for another frame, the frames must follow each other.
static bool same_run(uint32_t first, uint32_t other, uint32_t distance) {
  if (first & ENTRY_OTHER_FRAME && first & ENTRY_PRESENT) return other == first + (distance << ENTRY_FRAME_SHIFT);
  uint32_t flags = (1u << ENTRY_FRAME_SHIFT) - 1;
  if (!(first & ENTRY_PRESENT)) return !(other & ENTRY_PRESENT) && other & ENTRY_MAPPED;
  return (first & flags) == (other & flags);
}

void terrarium_space_refresh(struct terrarium_host_task *t) {
  uint32_t end = t->stale_end;
  for (uint32_t page = t->stale_first; page < end;) {
    uint32_t entry = t->entries[page];
    if (!(entry & ENTRY_MAPPED) || !(entry & (ENTRY_OTHER_FRAME | ENTRY_OTHER_RIGHTS))) {
      page++;
      continue;
    }
    uint32_t count = 1;
    while (page + count < end && same_run(entry, t->entries[page + count], count)) count++;
    if (!refresh_run(t, page, count)) {  // too many mappings: everything comes back by faults
      terrarium_space_forget_mappings(t);
      return;
    }
    page += count;
  }
  t->stale_first = t->stale_end = 0;
}

void terrarium_task_map(terrarium_host_task *t, uint32_t page, uint32_t first_frame, uint32_t count, bool writable) {
  for (uint32_t i = 0; i < count && page + i < PAGE_COUNT && first_frame + i < t->frame_count; i++) {
    uint32_t entry = (first_frame + i) << ENTRY_FRAME_SHIFT | ENTRY_PRESENT | (writable ? ENTRY_WRITABLE : 0);
    uint32_t old = t->entries[page + i], change = old ^ entry;
    if (page + i >= t->page_last) t->page_last = page + i + 1;
    if (old & ENTRY_MAPPED) {
      // The frame that the host maps is only known while the entry has been present all the time.
      if (!(old & ENTRY_PRESENT) || change >> ENTRY_FRAME_SHIFT) entry |= ENTRY_OTHER_FRAME;
      else if (change & ENTRY_WRITABLE) entry |= ENTRY_OTHER_RIGHTS;
      entry |= old & ENTRY_HOST_FLAGS;
      if (entry & (ENTRY_OTHER_FRAME | ENTRY_OTHER_RIGHTS)) mark_stale(t, page + i);
    }
    t->entries[page + i] = entry;
  }
}

void terrarium_task_unmap(terrarium_host_task *t, uint32_t page, uint32_t count) {
  for (uint32_t i = 0; i < count && page + i < PAGE_COUNT; i++) {
    uint32_t old = t->entries[page + i];
    t->entries[page + i] = old & ENTRY_MAPPED ? ENTRY_MAPPED | ENTRY_OTHER_FRAME : 0;
    if (old & ENTRY_MAPPED) mark_stale(t, page + i);
  }
}
