/* The functions of the C library that the program may call: all that it can do to the machine goes through these,
   spawn in native.c, child.c and thread.c, and nothing else. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "native.h"

/* One system call; the C library's takes care of kernels before 2.6.23 with another one. */
static int open_file(const char *path, int flags, unsigned mode) {
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#ifndef __GLIBC__
/* Elsewhere it has the shorter name. */
#define getdents64 getdents
#endif

/* Every argument is an integer or a pointer, which both architectures pass alike, to variadic functions too. Results
   are an int, of which the upper half of a register says nothing, or a whole long. */
#define RETURNS_INT(name) {#name, (libc_function)(void *)name, 1, 0}
#define RETURNS_LONG(name) {#name, (libc_function)(void *)name, 0, 0}
#define PURE_INT(name) {#name, (libc_function)(void *)name, 1, 1}
#define PURE_LONG(name) {#name, (libc_function)(void *)name, 0, 1}

static const struct libc_entry FUNCTIONS[] = {
    RETURNS_INT(accept4),
    RETURNS_INT(access),
    RETURNS_INT(bind),
    RETURNS_INT(clock_gettime),
    RETURNS_INT(close),
    RETURNS_INT(connect),
    RETURNS_INT(fchmod),
    RETURNS_INT(fcntl),
    RETURNS_INT(fdatasync),
    RETURNS_INT(flock),
    RETURNS_INT(fsync),
    RETURNS_INT(ftruncate),
    RETURNS_LONG(getcwd),
    RETURNS_LONG(getdents64),
    RETURNS_INT(getpid),
    RETURNS_LONG(getrandom),
    RETURNS_INT(getuid),
    RETURNS_INT(ioctl),
    RETURNS_INT(isatty),
    RETURNS_INT(kill),
    RETURNS_INT(link),
    RETURNS_INT(listen),
    RETURNS_LONG(lseek),
    PURE_INT(memcmp),
    RETURNS_INT(memfd_create),
    PURE_LONG(memmem),
    RETURNS_INT(mkdir),
    {"open", (libc_function)(void *)open_file, 1, 0},
    RETURNS_INT(pipe2),
    RETURNS_INT(poll),
    RETURNS_LONG(read),
    RETURNS_LONG(realpath),
    RETURNS_LONG(readlink),
    RETURNS_LONG(recv),
    RETURNS_INT(rename),
    RETURNS_INT(rmdir),
    RETURNS_LONG(send),
    RETURNS_INT(setns),
    RETURNS_INT(setsockopt),
    RETURNS_INT(signalfd),
    RETURNS_INT(socket),
    RETURNS_INT(statfs),
    RETURNS_INT(statx),
    RETURNS_INT(symlink),
    RETURNS_INT(umask),
    RETURNS_INT(uname),
    RETURNS_INT(unlink),
    RETURNS_INT(utimensat),
    RETURNS_INT(wait4),
    RETURNS_LONG(write),
};

const struct libc_entry *libc_entry_named(const char *name) {
  for (size_t at = 0; at < sizeof(FUNCTIONS) / sizeof(*FUNCTIONS); at++) {
    if (strcmp(FUNCTIONS[at].name, name) == 0) return &FUNCTIONS[at];
  }
  return NULL;
}
