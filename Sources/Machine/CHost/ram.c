// Guest RAM. C because of memfd_create and madvise, which Swift's Glibc overlay does not export.
#define _GNU_SOURCE
#include "CHost.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int terrarium_ram_create(uint64_t byte_count, void **address) {
  int fd = memfd_create("terrarium-ram", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (ftruncate(fd, (off_t)byte_count) != 0) goto fail;
  void *p = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) goto fail;
  if (madvise(p, byte_count, MADV_POPULATE_WRITE) != 0) {
    if (errno == EINVAL) {  // kernel before 5.14: touch each page
      for (uint64_t i = 0; i < byte_count; i += 4096) ((volatile char *)p)[i] = 0;
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
