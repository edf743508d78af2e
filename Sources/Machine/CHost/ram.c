// Guest RAM. C because of memfd_create and madvise, which Swift's Glibc overlay does not export.
#define _GNU_SOURCE
#include "CHost.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

// What is faulted in at the start; a page beyond costs its first user four times as much, but a machine of 4 GiB that uses
// little takes little of the host.
#define PREFAULT_BYTE_COUNT_MAX (UINT64_C(512) << 20)

int terrarium_ram_create(uint64_t byte_count, void **address) {
  int fd = memfd_create("terrarium-ram", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (ftruncate(fd, (off_t)byte_count) != 0) goto fail;
  void *p = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) goto fail;
  uint64_t prefault = byte_count < PREFAULT_BYTE_COUNT_MAX ? byte_count : PREFAULT_BYTE_COUNT_MAX;
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
