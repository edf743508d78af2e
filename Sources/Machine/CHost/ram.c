// Guest RAM. C because of memfd_create and madvise, which Swift's Glibc overlay does not export.
#define _GNU_SOURCE
#include "CHost.h"
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

// What is faulted in at the start; a page beyond costs its first user four times as much, but a machine of 4 GiB that uses
// little takes little of the host.
#define PREFAULT_BYTE_COUNT_MAX (UINT64_C(512) << 20)

enum { HUGE_PAGE = 2 << 20 };

// Backs the whole huge pages of the range with huge pages: a third of the time of faulting in small ones, and mapping a
// part of one later is cheaper. A host that cannot (before Linux 6.1, or short of memory in one piece) does nothing.
static void use_huge_pages(uint8_t *p, uint64_t byte_count) {
  uint64_t n = byte_count & ~(uint64_t)(HUGE_PAGE - 1);
  if (n == 0) return;
  for (uint64_t i = 0; i < n; i += HUGE_PAGE) ((volatile uint8_t *)p)[i] = 0;  // one that holds nothing is refused
  madvise(p, n, MADV_COLLAPSE);
}

// A reservation that begins at a multiple of a huge page, with the memfd in it.
static void *map_aligned(int fd, uint64_t byte_count) {
  uint64_t n = byte_count + HUGE_PAGE;
  uint8_t *m = mmap(NULL, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED) return MAP_FAILED;
  uint8_t *p = (uint8_t *)(((uintptr_t)m + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
  if (p > m) munmap(m, (size_t)(p - m));
  uint64_t mapped = (byte_count + 4095) & ~UINT64_C(4095);
  if (p + mapped < m + n) munmap(p + mapped, (size_t)(m + n - (p + mapped)));
  if (mmap(p, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED) return p;
  int e = errno;
  munmap(p, mapped);
  errno = e;
  return MAP_FAILED;
}

int terrarium_ram_create(uint64_t byte_count, void **address) {
  int fd = memfd_create("terrarium-ram", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (ftruncate(fd, (off_t)byte_count) != 0) goto fail;
  void *p = map_aligned(fd, byte_count);
  if (p == MAP_FAILED) goto fail;
  uint64_t prefault = byte_count < PREFAULT_BYTE_COUNT_MAX ? byte_count : PREFAULT_BYTE_COUNT_MAX;
  use_huge_pages(p, prefault);
  if (madvise(p, prefault, MADV_POPULATE_WRITE) != 0) {
    if (errno == EINVAL) {  // kernel before 5.14: touch each page
      for (uint64_t i = 0; i < prefault; i += 4096) ((volatile char *)p)[i] = 0;
    } else {
      int e = errno;
      munmap(p, byte_count);
      errno = e;
      goto fail;
    }
  }
  *address = p;
  return fd;
fail:;
  int e = errno;
  close(fd);
  errno = e;
  return -1;
}

void terrarium_ram_destroy(int fd, void *address, uint64_t byte_count) {
  munmap(address, byte_count);
  close(fd);
}
