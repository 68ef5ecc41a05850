/*
 * Does once more what an ADD did, call by call, and nothing else. bench/floor.ts compiles it with RECORDING, a file that
 * it makes of what strace saw: one line for each call.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands in a recording. */
#define opens(fd, call) opened(__LINE__, fd, call)
#define does(call) done(__LINE__, call)
#define fails(error, call) failed(__LINE__, error, call)
#define receives(fd, room, flags, error) received(__LINE__, fd, room, flags, error)
#define KERNEL ((const struct sockaddr *)&(const struct sockaddr_nl){.nl_family = AF_NETLINK})
#define LINK(index) \
  ((const struct sockaddr *)&(const struct sockaddr_ll){.sll_family = AF_PACKET, .sll_ifindex = (index)})

#define HOLD_MS 50

static _Alignas(struct nlmsghdr) char buffer[65536];
static _Alignas(16) char stack[16384];

/* Said where a plugin says why it failed. */
static _Noreturn void differs(int line, int then, int now) {
  printf("line %d of the recording: the kernel said \"%s\" then, and \"%s\" now\n", line, strerror(then), strerror(now));
  exit(1);
}

static void done(int line, long result) {
  if (result < 0) differs(line, 0, errno);
}

static void failed(int line, int error, long result) {
  int now = result < 0 ? errno : 0;
  if (now != error) differs(line, error, now);
}

/* Requests have numbers of descriptors in them, so each gets the one it had. */
static void opened(int line, int recorded, int fd) {
  done(line, fd);
  if (fd == recorded) return;
  done(line, dup3(fd, recorded, O_CLOEXEC));
  close(fd);
}

static void received(int line, int fd, size_t room, int flags, int error) {
  ssize_t left = recv(fd, buffer, room, flags);
  done(line, left);
  int now = 0;
  for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type == NLMSG_ERROR && now == 0) now = -((struct nlmsgerr *)NLMSG_DATA(message))->error;
  }
  if (now != error) differs(line, error, now);
}

static int hold(void *nothing) {
  (void)nothing;
  poll(NULL, 0, HOLD_MS);
  return 0;
}

/*
 * The plugin has a child that sends something later, for which nobody waits. Here it only keeps descriptors open, because
 * whoever closes the last one of some sockets is kept by the kernel for milliseconds.
 */
static int child(void) {
  return clone(hold, stack + sizeof(stack), CLONE_VM, NULL);
}

int main(void) {
#include RECORDING
  return 0;
}
