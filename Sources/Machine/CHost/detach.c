// Copies of a whole running machine: fork, and giving the child RAM of its own. fork() copies everything but the
// memfd, which both processes would go on sharing; `terrarium_ram_detach` replaces it in the process that calls it.
// Also the descriptor passing that lets a child be talked to. C because fork, SCM_RIGHTS and memfd_create are not for Swift.
#include "internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int thread_count(void) {
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return -1;
  int n = 0;
  for (struct dirent *e; (e = readdir(tasks));) n += e->d_name[0] != '.';
  closedir(tasks);
  return n;
}

int terrarium_fork(void) {
  if (thread_count() != 1) {  // locks that other threads hold would stay locked in the child for ever
    errno = EDEADLK;
    return -1;
  }
  fflush(NULL);  // what is buffered must not be written twice
  return fork();
}

enum { HOST_PAGE = 4096, RUN_MAX = 1 << 20 };

// glibc's memcmp is fast in debug builds, too.
static bool is_zero(const uint8_t *p) { return p[0] == 0 && memcmp(p, p + 1, HOST_PAGE - 1) == 0; }

// Copies the pages of [start, end) that hold something. write() fills a memfd without a fault a page.
static bool copy_range(int to, const uint8_t *ram, uint64_t start, uint64_t end, uint64_t *copied) {
  for (uint64_t at = start; at < end;) {
    if (is_zero(ram + at)) {
      at += HOST_PAGE;
      continue;
    }
    uint64_t stop = at + HOST_PAGE;
    while (stop < end && stop - at < RUN_MAX && !is_zero(ram + stop)) stop += HOST_PAGE;
    *copied += stop - at;
    while (at < stop) {
      ssize_t n = pwrite(to, ram + at, stop - at, (off_t)at);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      at += (uint64_t)n;
    }
  }
  return true;
}

int64_t terrarium_ram_detach(int descriptor, void *address, uint64_t byte_count) {
  uint64_t copied = 0;
  int new = memfd_create("terrarium-ram", MFD_CLOEXEC);
  if (new < 0) return -1;
  if (ftruncate(new, (off_t)byte_count) != 0) goto fail;
  for (uint64_t at = 0; at < byte_count;) {
    // Reading a hole through a mapping would allocate it, so holes are asked for.
    off_t start = lseek(descriptor, (off_t)at, SEEK_DATA);
    if (start < 0) break;
    off_t end = lseek(descriptor, start, SEEK_HOLE);
    if (end < 0 || (uint64_t)end > byte_count) end = (off_t)byte_count;
    if (!copy_range(new, address, (uint64_t)start, (uint64_t)end, &copied)) goto fail;
    at = (uint64_t)end;
  }
  if (mmap(address, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, new, 0) == MAP_FAILED) goto fail;
  // The same number names the new memfd: tasks map from it when they touch their pages again.
  if (dup3(new, descriptor, O_CLOEXEC) < 0) goto fail;
  close(new);
  terrarium_forget_all_mappings();
  return (int64_t)copied;
fail:;
  int e = errno;
  close(new);
  errno = e;
  return -1;
}

int terrarium_send_descriptor(int socket, int descriptor) {
  char byte = 'd';
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
  ssize_t n;
  do n = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == 1 ? 0 : -1;
}

int terrarium_receive_descriptor(int socket) {
  char byte;
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
  ssize_t n;
  do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  struct cmsghdr *c = n == 1 ? CMSG_FIRSTHDR(&message) : NULL;
  if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) return -1;
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(c), sizeof descriptor);
  return descriptor;
}

int terrarium_socket_pair(int *a, int *b) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return -1;
  *a = pair[0];
  *b = pair[1];
  return 0;
}
