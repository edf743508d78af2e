// The allocator of guest programs (allocator.c). In a program the functions have their C names (malloc, free, …); built
// natively, for tests of the same file, they are called terrarium_malloc, terrarium_free, …
#ifndef TERRARIUM_ALLOCATOR_H
#define TERRARIUM_ALLOCATOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define HEAP_NAME(name) name
#else
#define HEAP_NAME(name) terrarium_##name
#endif

// What the heap holds. Pages are 64 KiB.
typedef struct {
  uint32_t block_count;      // live blocks
  uint32_t block_bytes;      // live bytes, each block rounded up to its size class
  uint32_t pages_total;      // pages of linear memory that the heap has grown over
  uint32_t pages_held;       // pages used since they were last released: what the kernel may have frames for
  uint32_t pages_free;       // held pages in which no block lies
  uint32_t pages_released;   // pages given back to the kernel so far
  uint32_t release_calls;    // system calls that did it
} terrarium_heap_statistics;

// All of C11's and POSIX's meaning. NULL when the program's memory is used up. 16-byte alignment at least.
void *HEAP_NAME(malloc)(size_t byte_count);
void *HEAP_NAME(calloc)(size_t count, size_t byte_count);
void *HEAP_NAME(realloc)(void *block, size_t byte_count);
void HEAP_NAME(free)(void *block);
void *HEAP_NAME(aligned_alloc)(size_t alignment, size_t byte_count);
int HEAP_NAME(posix_memalign)(void **result, size_t alignment, size_t byte_count);
size_t HEAP_NAME(malloc_usable_size)(void *block);

// Gives every page without a block back to the kernel at once; returns how many.
uint32_t terrarium_heap_trim(void);
// Walks the whole heap: for measurements and tests, not for each frame.
void terrarium_heap_read_statistics(terrarium_heap_statistics *out);

#ifndef __wasm__
// Test bench: the heap lies in [base, base + pages_max × 64 KiB), which must be 64 KiB aligned and zero, begins
// `offset` bytes in, and has `pages` pages at first. Everything known before is forgotten.
void terrarium_heap_begin(void *base, size_t offset, uint32_t pages, uint32_t pages_max);
// The message of the last misuse (double free, wild free), or NULL; reading clears it. A program would have trapped.
const char *terrarium_heap_take_failure(void);
// NULL when every relation between the allocator's structures holds, else which one does not.
const char *terrarium_heap_check(void);
// Plants a bug, so that tests can prove that they would find it: 1 a size class too small, 2 a lost merge, 3 released
// pages that still count as zero although they were used again.
void terrarium_heap_set_canary(int kind);
#endif
#endif
