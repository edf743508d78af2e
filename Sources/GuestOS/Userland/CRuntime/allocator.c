// The allocator of guest programs. It gives memory back: pages of 64 KiB in which no block lies any more return to the
// kernel (system call pageRelease) and read as zero when they are used again.
//
// The heap is divided into units of 4 KiB; runs of units tile it without gaps. A run is free, one large block, or a slab:
// blocks of one size class with a bitmap of the free ones. `map` has a word for each unit; a run's first and last unit say
// what it is and how long (boundary tags), a slab's units all say where it begins. Nothing about free memory is stored in
// free memory, so released pages stay untouched.
//
// Every choice takes the lowest address that fits, so that what is left after many frees gathers at the bottom, and the
// same calls give the same addresses in every run. A block that is freed twice, or was never given out, ends the program
// with a line on the console. C because malloc and free are C names that run before any Swift.
#include "allocator.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum {
  UNIT_SHIFT = 12, UNIT_BYTES = 1 << UNIT_SHIFT, UNITS_PER_PAGE = 16, PAGE_SHIFT = 16, PAGE_BYTES = 1 << PAGE_SHIFT,
  PAGE_COUNT_MAX = 16384,                   // heaps end where the window of shared memory begins (1 GiB)
  UNIT_COUNT_MAX = PAGE_COUNT_MAX * UNITS_PER_PAGE,
  KEEP_PAGES_MIN = 16,                      // free pages kept for reuse: 1 MiB, or an eighth of what is held
};
#define INLINE static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline, cold))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

// MARK: The machine

#ifdef __wasm__
extern u8 __heap_base;
__attribute__((import_module("kernel"), import_name("syscall")))
long long kernel_syscall(int number, long long a0, long long a1, long long a2, long long a3, long long a4, long long a5);
enum { CALL_PRINT_DEBUG = 1, CALL_PAGE_RELEASE = 7 };

INLINE u8 *address_of(u32 unit) { return (u8 *)(unit << UNIT_SHIFT); }
INLINE u32 offset_of(const void *p) { return (u32)p; }
static u32 memory_pages(void) { return __builtin_wasm_memory_size(0); }
static u32 memory_grow(u32 pages) { return __builtin_wasm_memory_grow(0, pages); }
static u32 heap_offset(void) { return (u32)&__heap_base; }
static void page_release(u32 page, u32 count) {
  kernel_syscall(CALL_PAGE_RELEASE, (long long)page << PAGE_SHIFT, (long long)count << PAGE_SHIFT, 0, 0, 0, 0);
}
static void report(const char *text, u32 count) {
  kernel_syscall(CALL_PRINT_DEBUG, (long long)(u32)text, count, 0, 0, 0, 0);
  __builtin_trap();
}
#define CANARY(kind) 0
#else
static u8 *test_base;
static u32 test_offset, test_pages, test_pages_max;
static char test_failure[96];
static int test_canary;

INLINE u8 *address_of(u32 unit) { return test_base + ((size_t)unit << UNIT_SHIFT); }
INLINE u32 offset_of(const void *p) { return (u32)((const u8 *)p - test_base); }
static u32 memory_pages(void) { return test_pages; }
static u32 memory_grow(u32 pages) {
  u32 old = test_pages;
  if (pages > test_pages_max - test_pages) return ~(u32)0;
  test_pages += pages;
  return old;
}
static u32 heap_offset(void) { return test_offset; }
static void page_release(u32 page, u32 count) {
  __builtin_memset(test_base + ((size_t)page << PAGE_SHIFT), 0, (size_t)count << PAGE_SHIFT);
}
static void report(const char *text, u32 count) {
  __builtin_memcpy(test_failure, text, count);
  test_failure[count] = 0;
}
#define CANARY(kind) (test_canary == (kind))
#endif

COLD void misuse(const char *what, const void *p) {
  static char line[64];
  u32 n = 0, v = offset_of(p);
  while (what[n]) { line[n] = what[n]; n++; }
  for (int shift = 28; shift >= 0; shift -= 4) line[n++] = "0123456789abcdef"[v >> shift & 15];
  report(line, n);
}

// MARK: Size classes

typedef struct {
  u16 size;
  u16 units;      // of the first slab; each further one is twice as long, up to a page
  u32 magic;      // offset × magic >> 32 = offset / size, exact for offsets in a slab
} size_class;
#define CLASS(size, units) {size, units, 0xffffffffu / (size) + 1}
// Steps of 16 to 128, then four a doubling; above 1 KiB sizes that divide a slab with little rest.
static const size_class classes[] = {
    CLASS(16, 1), CLASS(32, 1), CLASS(48, 1), CLASS(64, 1), CLASS(80, 1), CLASS(96, 1), CLASS(112, 1), CLASS(128, 1),
    CLASS(160, 1), CLASS(192, 1), CLASS(224, 1), CLASS(256, 1), CLASS(320, 1), CLASS(384, 1), CLASS(448, 1), CLASS(512, 1),
    CLASS(640, 1), CLASS(768, 1), CLASS(896, 1), CLASS(1024, 2), CLASS(1344, 1), CLASS(1632, 2), CLASS(2032, 1), CLASS(2320, 4),
    CLASS(2720, 2), CLASS(3264, 4), CLASS(4064, 1), CLASS(4672, 7), CLASS(5440, 4), CLASS(6528, 5), CLASS(8160, 2), CLASS(9344, 7),
};
enum { CLASS_COUNT = sizeof classes / sizeof classes[0], SMALL_MAX = 9344, CLASS_1344 = 20 };

INLINE u32 class_of(u32 size) {
  if (size <= 128) return size == 0 ? 0 : (size - 1) >> 4;
  if (size <= 1024) {
    u32 v = size - 1, top = 31 - (u32)__builtin_clz(v);
    return 8 + (top - 7) * 4 + (v >> (top - 2) & 3);
  }
  u32 c = CLASS_1344;
  while (size > classes[c].size) c++;
  return c;
}

// MARK: Runs

// Words of `map`. Units inside a run that no one asks about are 0.
enum { KIND_INSIDE = 0, KIND_FREE = 1, KIND_LARGE = 2, KIND_SLAB = 3, KIND_MASK = 3 };
#define FREE_WORD(n) ((n) << 8 | KIND_FREE)                   // first and last unit
#define LARGE_FIRST(n) ((n) << 8 | 4 | KIND_LARGE)
#define LARGE_LAST(n) ((n) << 8 | KIND_LARGE)                 // also memory that is not ours
#define SLAB_WORD(c, at, n) ((n) << 16 | (at) << 8 | (c) << 2 | KIND_SLAB)
INLINE u32 kind_of(u32 word) { return word & KIND_MASK; }
INLINE u32 slab_class(u32 word) { return word >> 2 & 63; }
INLINE u32 slab_at(u32 word) { return word >> 8 & 255; }
INLINE u32 run_length(u32 word) { return kind_of(word) == KIND_SLAB ? word >> 16 : word >> 8; }

static u32 map[UNIT_COUNT_MAX];
static u32 unit_first, unit_end;      // the heap; 0 before the first call
// No free run of at least hint_length(i) units begins below hints[i], which is where some run begins, or the end.
// Ascending.
enum { HINT_COUNT = 44 };
static u32 hints[HINT_COUNT];
static u32 held[PAGE_COUNT_MAX / 32]; // bit by page: used since last released
static u32 held_count, held_free_count, released_count, release_calls;

INLINE u32 hint_index(u32 n) {
  if (n < 16) return n - 1;
  u32 top = 31 - (u32)__builtin_clz(n);
  return 15 + (top - 4) * 2 + (n >> (top - 1) & 1);
}
INLINE u32 hint_length(u32 i) {
  if (i < 15) return i + 1;
  u32 top = 4 + (i - 15) / 2;
  return (1u << top) + (((i - 15) & 1) << (top - 1));
}
INLINE u32 max_of(u32 a, u32 b) { return a > b ? a : b; }
INLINE u32 min_of(u32 a, u32 b) { return a < b ? a : b; }
INLINE u32 page_up(u32 unit) { return (unit + UNITS_PER_PAGE - 1) / UNITS_PER_PAGE; }
INLINE u32 page_down(u32 unit) { return unit / UNITS_PER_PAGE; }
INLINE u32 is_held(u32 page) { return held[page >> 5] >> (page & 31) & 1; }

static void set_free(u32 start, u32 n) {
  map[start] = FREE_WORD(n);
  map[start + n - 1] = FREE_WORD(n);
}
// Hints that named a run inside [start, end), which is one free run now, name its start.
static void lower_hints(u32 start, u32 end) {
  u32 top = hint_index(end - start);
  for (u32 i = top + 1; i-- > 0 && hints[i] > start;) hints[i] = start;
  for (u32 i = top + 1; i < HINT_COUNT && hints[i] < end; i++)
    if (hints[i] > start) hints[i] = start;
}
static u32 keep_pages(void) { return max_of(KEEP_PAGES_MIN, held_count / 8); }

// Gives pages of the free run [start, end) back, the highest first, until only `keep` free pages are held.
static void release_run(u32 start, u32 end, u32 keep) {
  u32 low = page_up(start), page = page_down(end);
  while (page > low && held_free_count > keep) {
    u32 last = page;
    while (page > low && is_held(page - 1) && held_free_count > keep) {
      page--;
      held[page >> 5] &= ~(1u << (page & 31));
      held_free_count--;
      held_count--;
    }
    if (page < last) {
      page_release(page, last - page);
      released_count += last - page;
      release_calls++;
    } else {
      page--;
    }
  }
}
COLD void release_down_to(u32 keep) {
  u32 unit = unit_end;
  while (unit > unit_first && held_free_count > keep) {
    u32 word = map[unit - 1], n = kind_of(word) == KIND_SLAB ? slab_at(word) + 1 : run_length(word);
    if (kind_of(word) == KIND_FREE) release_run(unit - n, unit, keep);
    unit -= n;
  }
}

// [start, start + n) becomes free and is joined with its neighbours.
static void give(u32 start, u32 n) {
  u32 low = start, high = start + n;
  __builtin_memset(map + start, 0, n * sizeof *map);
  if (high < unit_end && kind_of(map[high]) == KIND_FREE && !CANARY(2)) {
    u32 more = run_length(map[high]);
    map[high] = 0;
    high += more;
  }
  if (low > unit_first && kind_of(map[low - 1]) == KIND_FREE) {
    u32 more = run_length(map[low - 1]);
    map[low - 1] = 0;
    low -= more;
  }
  set_free(low, high - low);
  lower_hints(low, high);
  u32 page = max_of(page_up(low), page_down(start)), end = min_of(page_down(high), page_up(start + n));
  for (; page < end; page++) held_free_count += is_held(page);
  if (UNLIKELY(held_free_count > keep_pages())) release_down_to(keep_pages() / 2);
}

// Pages of [start, end), taken from the free run [low, high), are in use; with `zero` they are made zero.
static void hold(u32 start, u32 end, u32 low, u32 high, int zero) {
  u32 inner_low = page_up(low), inner_high = page_down(high);
  for (u32 page = page_down(start); page < page_up(end); page++) {
    if (is_held(page)) {
      if (page >= inner_low && page < inner_high) held_free_count--;
      u32 from = max_of(start, page * UNITS_PER_PAGE), to = min_of(end, (page + 1) * UNITS_PER_PAGE);
      if (zero && !CANARY(3)) __builtin_memset(address_of(from), 0, (to - from) << UNIT_SHIFT);
    } else {
      held[page >> 5] |= 1u << (page & 31);
      held_count++;
    }
  }
}

// Takes [at, at + n) out of the free run [start, start + length). The caller writes the run's words.
static void cut(u32 start, u32 length, u32 at, u32 n, int zero) {
  u32 end = start + length;
  hold(at, at + n, start, end, zero);
  map[start] = 0;
  map[end - 1] = 0;
  if (at > start) set_free(start, at - start);
  if (at + n < end) set_free(at + n, end - at - n);
}

// More memory, so that n units behind the last used run exist. The start of the free run at the end; 0 when the program's
// memory is used up.
COLD u32 grow(u32 n, u32 align) {
  if (!unit_end) {
    unit_first = unit_end = (heap_offset() + UNIT_BYTES - 1) >> UNIT_SHIFT;
    for (u32 i = 0; i < HINT_COUNT; i++) hints[i] = unit_first;
    u32 present = memory_pages() * UNITS_PER_PAGE;
    if (present > unit_end) {
      unit_end = present;
      give(unit_first, present - unit_first);
    }
  }
  u32 free_start = unit_end;
  if (unit_end > unit_first && kind_of(map[unit_end - 1]) == KIND_FREE) free_start -= run_length(map[unit_end - 1]);
  u32 end = ((free_start + align - 1) & ~(align - 1)) + n;
  if (end > UNIT_COUNT_MAX) return 0;
  if (end <= unit_end) return free_start;
  u32 pages = page_up(end - unit_end), old = memory_grow(pages) * UNITS_PER_PAGE;
  if (old >= UNIT_COUNT_MAX) return 0;
  if (old != unit_end) {                     // somebody else grew the memory: what lies between is not ours
    map[unit_end] = map[old - 1] = LARGE_LAST(old - unit_end);
    free_start = old;
  }
  unit_end = old + pages * UNITS_PER_PAGE;
  give(old, unit_end - old);
  return free_start;
}

// The lowest free run of n units whose start is a multiple of `align` units, taken out; 0 when there is none.
static u32 take(u32 n, u32 align, int zero) {
  for (int attempt = 0; attempt < 4; attempt++) {   // the first call finds no heap; others may have grown the memory
    u32 hint = hint_index(n), length = hint_length(hint), first = unit_end;
    for (u32 unit = hints[hint]; unit < unit_end;) {
      u32 word = map[unit], size = run_length(word);
      if (kind_of(word) == KIND_FREE && size >= length) {
        if (first == unit_end) first = unit;
        u32 at = (unit + align - 1) & ~(align - 1);
        if (size >= n && at + n <= unit + size) {
          for (u32 i = hint; i < HINT_COUNT && hints[i] < first; i++) hints[i] = first;
          cut(unit, size, at, n, zero);
          return at;
        }
      }
      unit += size;
    }
    if (!grow(n, align)) return 0;
  }
  return 0;
}

// MARK: Slabs

typedef struct {
  u32 next, previous;       // slabs of the class that have room, by address; units, 0 is none
  u16 used, capacity;
  u16 first;                // offset of the first block
  u16 word;                 // no free block in words below
  u64 free[];               // bit by block
} slab;
static u32 rooms[CLASS_COUNT];        // lowest slab with room
static u32 slab_counts[CLASS_COUNT];
static u32 neighbours[CLASS_COUNT];   // where the last slab went into the list: the next one often goes near

INLINE slab *slab_of(u32 unit) { return (slab *)(void *)address_of(unit); }

static void insert_room(u32 c, u32 unit) {
  u32 before = 0, after = rooms[c];
  if (neighbours[c] && neighbours[c] < unit) {
    before = neighbours[c];
    after = slab_of(before)->next;
  }
  while (after && after < unit) {
    before = after;
    after = slab_of(after)->next;
  }
  slab *s = slab_of(unit);
  s->next = after;
  s->previous = before;
  if (before) slab_of(before)->next = unit; else rooms[c] = unit;
  if (after) slab_of(after)->previous = unit;
  neighbours[c] = unit;
}
static void remove_room(u32 c, u32 unit) {
  slab *s = slab_of(unit);
  if (s->previous) slab_of(s->previous)->next = s->next; else rooms[c] = s->next;
  if (s->next) slab_of(s->next)->previous = s->previous;
  if (neighbours[c] == unit) neighbours[c] = s->previous;
}

static void format(u32 c, u32 unit, u32 n) {
  u32 size = classes[c].size, bytes = n << UNIT_SHIFT;
  u32 align = min_of(64, size & -size);      // blocks of a size that 64 divides are aligned to 64
  u32 capacity = (bytes - sizeof(slab)) / size, first;
  for (;; capacity--) {
    first = ((u32)sizeof(slab) + (capacity + 63) / 64 * 8 + align - 1) & ~(align - 1);
    if (first + capacity * size <= bytes) break;
  }
  slab *s = slab_of(unit);
  s->used = 0;
  s->capacity = (u16)capacity;
  s->first = (u16)first;
  s->word = 0;
  for (u32 i = 0; i < (capacity + 63) / 64; i++) {
    u32 left = capacity - i * 64;
    s->free[i] = left >= 64 ? ~(u64)0 : ((u64)1 << left) - 1;
  }
  for (u32 i = 0; i < n; i++) map[unit + i] = SLAB_WORD(c, i, n);
}
// A new slab of the class; its unit, or 0.
COLD u32 new_slab(u32 c) {
  u32 n = slab_counts[c] < 4 ? min_of(UNITS_PER_PAGE, (u32)classes[c].units << slab_counts[c]) : UNITS_PER_PAGE;
  u32 unit = take(n, n == UNITS_PER_PAGE ? n : 1, 0);
  if (!unit && n > classes[c].units) unit = take(n = classes[c].units, 1, 0);
  if (!unit) return 0;
  format(c, unit, n);
  slab_counts[c]++;
  insert_room(c, unit);
  return unit;
}
INLINE void *small(u32 c) {
  u32 unit = rooms[c];
  if (UNLIKELY(!unit) && !(unit = new_slab(c))) return NULL;
  slab *s = slab_of(unit);
  u32 word = s->word;
  while (!s->free[word]) word++;
  u64 bits = s->free[word];
  u32 index = word * 64 + (u32)__builtin_ctzll(bits);
  s->free[word] = bits & (bits - 1);
  s->word = (u16)word;
  if (UNLIKELY(++s->used == s->capacity)) remove_room(c, unit);
  return (u8 *)s + s->first + index * classes[c].size;
}
// The block's index in its slab, or ~0 when no block begins at `p`.
INLINE u32 index_in(const slab *s, u32 c, const void *p) {
  u32 offset = (u32)((const u8 *)p - (const u8 *)s) - s->first;
  u32 index = (u32)((u64)offset * classes[c].magic >> 32);
  return offset < UNITS_PER_PAGE * UNIT_BYTES && index < s->capacity && index * classes[c].size == offset ? index : ~(u32)0;
}
COLD void slab_gained_room(slab *s, u32 c, u32 unit, u32 n) {
  if (s->used + 1 == s->capacity) insert_room(c, unit);
  // One empty slab is kept when the class has no other with room, so that a single block does not make one come and go.
  if (s->used || (rooms[c] == unit && !s->next)) return;
  remove_room(c, unit);
  slab_counts[c]--;
  give(unit, n);
}
INLINE void free_small(void *p, u32 word, u32 unit) {
  u32 c = slab_class(word), start = unit - slab_at(word);
  slab *s = slab_of(start);
  u32 index = index_in(s, c, p);
  if (UNLIKELY(index == ~(u32)0)) return misuse("allocator: free inside a block at 0x", p);
  u64 bit = (u64)1 << (index & 63);
  u32 at = index >> 6;
  if (UNLIKELY(s->free[at] & bit)) return misuse("allocator: double free of 0x", p);
  s->free[at] |= bit;
  if (at < s->word) s->word = (u16)at;
  s->used--;
  if (UNLIKELY(s->used == 0 || s->used + 1 == s->capacity)) slab_gained_room(s, c, start, run_length(word));
}

// MARK: Large blocks

INLINE u32 units_for(size_t bytes) { return (u32)((bytes + UNIT_BYTES - 1) >> UNIT_SHIFT); }
static void mark_large(u32 unit, u32 n) {
  map[unit + n - 1] = LARGE_LAST(n);
  map[unit] = LARGE_FIRST(n);
}
COLD void *large(size_t bytes, u32 align, int zero) {
  if (bytes > (size_t)PAGE_COUNT_MAX * PAGE_BYTES) return NULL;
  u32 n = max_of(units_for(bytes), 1), unit = take(n, align, zero);
  if (!unit) return NULL;
  mark_large(unit, n);
  return address_of(unit);
}
COLD void free_large(void *p, u32 word, u32 unit) {
  if (kind_of(word) != KIND_LARGE || !(word & 4) || address_of(unit) != p)
    return misuse("allocator: free of what is not in use at 0x", p);
  give(unit, run_length(word));
}
// Makes a large block shorter or longer where it lies; false when it cannot.
static int resize_large(u32 unit, u32 n, u32 wanted) {
  if (wanted < n) {
    mark_large(unit, wanted);
    give(unit + wanted, n - wanted);
    return 1;
  }
  if (wanted == n) return 1;
  u32 more = wanted - n, next = unit + n;
  if (next == unit_end || (kind_of(map[next]) == KIND_FREE && next + run_length(map[next]) == unit_end)) {
    if (grow(more, 1) != next) return 0;
  }
  if (next >= unit_end || kind_of(map[next]) != KIND_FREE || run_length(map[next]) < more) return 0;
  map[next - 1] = 0;
  cut(next, run_length(map[next]), next, more, 0);
  mark_large(unit, wanted);
  for (u32 i = 0; i < HINT_COUNT; i++) if (hints[i] == next) hints[i] = next + more;
  return 1;
}

// MARK: The functions

void *HEAP_NAME(malloc)(size_t bytes) {
  if (UNLIKELY(bytes > SMALL_MAX)) return large(bytes, 1, 0);
  u32 size = (u32)bytes;
  if (CANARY(1) && size % 16 == 1 && size > 16) size--;
  return small(class_of(size));
}
void HEAP_NAME(free)(void *p) {
  if (!p) return;
  u32 unit = offset_of(p) >> UNIT_SHIFT;
  u32 word = unit < UNIT_COUNT_MAX ? map[unit] : 0;
  if (kind_of(word) == KIND_SLAB) free_small(p, word, unit); else free_large(p, word, unit);
}
void *HEAP_NAME(calloc)(size_t count, size_t bytes) {
  size_t total;
  if (__builtin_mul_overflow(count, bytes, &total)) return NULL;
  if (total > SMALL_MAX) return large(total, 1, 1);
  void *p = small(class_of((u32)total));
  if (p) __builtin_memset(p, 0, total);
  return p;
}
size_t HEAP_NAME(malloc_usable_size)(void *p) {
  if (!p) return 0;
  u32 unit = offset_of(p) >> UNIT_SHIFT, word = unit < UNIT_COUNT_MAX ? map[unit] : 0;
  if (kind_of(word) == KIND_SLAB) return classes[slab_class(word)].size;
  if (kind_of(word) == KIND_LARGE && word & 4) return (size_t)run_length(word) << UNIT_SHIFT;
  misuse("allocator: size of what is not in use at 0x", p);
  return 0;
}
void *HEAP_NAME(realloc)(void *p, size_t bytes) {
  if (!p) return HEAP_NAME(malloc)(bytes);
  size_t old = HEAP_NAME(malloc_usable_size)(p);
  if (old == 0) return NULL;
  u32 unit = offset_of(p) >> UNIT_SHIFT;
  if (old > SMALL_MAX && bytes > SMALL_MAX && bytes <= (size_t)PAGE_COUNT_MAX * PAGE_BYTES
      && resize_large(unit, (u32)(old >> UNIT_SHIFT), units_for(bytes))) return p;
  if (bytes <= SMALL_MAX && classes[class_of((u32)bytes)].size == old) return p;
  void *moved = HEAP_NAME(malloc)(bytes);
  if (!moved) return NULL;
  __builtin_memcpy(moved, p, old < bytes ? old : bytes);
  HEAP_NAME(free)(p);
  return moved;
}
void *HEAP_NAME(aligned_alloc)(size_t alignment, size_t bytes) {
  if (alignment <= 16) return HEAP_NAME(malloc)(bytes);
  if (alignment & (alignment - 1)) return NULL;
  if (alignment <= 64 && bytes <= 1024) {
    u32 c = class_of((u32)bytes);
    while (classes[c].size & (alignment - 1)) c++;
    return small(c);
  }
  if (alignment > (size_t)PAGE_COUNT_MAX * PAGE_BYTES / 2) return NULL;
  return large(bytes, alignment <= UNIT_BYTES ? 1 : (u32)(alignment >> UNIT_SHIFT), 0);
}
int HEAP_NAME(posix_memalign)(void **result, size_t alignment, size_t bytes) {
  enum { NO_MEMORY = 12, INVALID = 22 };
  if (alignment & (alignment - 1) || alignment < sizeof(void *)) return INVALID;
  void *p = alignment <= 16 ? HEAP_NAME(malloc)(bytes) : HEAP_NAME(aligned_alloc)(alignment, bytes);
  if (!p) return NO_MEMORY;
  *result = p;
  return 0;
}

uint32_t terrarium_heap_trim(void) {
  u32 before = released_count;
  release_down_to(0);
  return released_count - before;
}
void terrarium_heap_read_statistics(terrarium_heap_statistics *out) {
  u32 count = 0, bytes = 0;
  for (u32 unit = unit_first; unit < unit_end; unit += run_length(map[unit])) {
    u32 word = map[unit];
    if (kind_of(word) == KIND_SLAB) {
      count += slab_of(unit)->used;
      bytes += slab_of(unit)->used * classes[slab_class(word)].size;
    } else if (kind_of(word) == KIND_LARGE && word & 4) {
      count++;
      bytes += run_length(word) << UNIT_SHIFT;
    }
  }
  *out = (terrarium_heap_statistics){count, bytes, page_up(unit_end - unit_first), held_count, held_free_count, released_count, release_calls};
}

#ifndef __wasm__
#include "allocator-check.h"
#endif
