#define _GNU_SOURCE
#include "errand.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "text.h"

#define STACK_BYTES (16 * 1024)
#define MAX_REQUEST_BYTES 1024

/* What a child needs for as long as it lives. */
struct errand {
  struct errand *next;
  pid_t pid;
  int fd;
  int milliseconds;
  size_t length;
  uint8_t request[MAX_REQUEST_BYTES];
  _Alignas(16) uint8_t stack[STACK_BYTES];
};

static struct errand *errands;

/* One whose child has ended, or a new one. */
static struct errand *free_errand(void) {
  struct errand *errand = errands;
  /* A child that was waited for already, or was never there, is one that has ended. */
  while (errand && errand->pid > 0 && waitpid(errand->pid, NULL, WNOHANG | __WALL) == 0) errand = errand->next;
  if (errand) return errand;
  errand = malloc(sizeof(*errand));
  if (!errand) return NULL;
  errand->next = errands;
  return errands = errand;
}

static int run_errand(void *given) {
  const struct errand *errand = given;
  /* Whoever called this program waits for the end of its output, and other processes for its locks. */
  if (errand->fd > 0) close_range(0, (unsigned)errand->fd - 1, 0);
  close_range((unsigned)errand->fd + 1, ~0U, 0);
  if (errand->length > 0 && send(errand->fd, errand->request, errand->length, 0) < 0) return errno;
  if (errand->milliseconds > 0) poll(NULL, 0, errand->milliseconds);
  return 0;
}

/* The child's pid, or -errno. Its memory is shared, because a copy would take longer than everything else here. */
static JSValue start(JSContext *ctx, int fd, const uint8_t *request, size_t length, int milliseconds) {
  if (length > MAX_REQUEST_BYTES) return JS_NewInt32(ctx, -E2BIG);
  struct errand *errand = free_errand();
  if (!errand) return JS_NewInt32(ctx, -ENOMEM);
  errand->fd = fd;
  errand->milliseconds = milliseconds;
  errand->length = length;
  if (length > 0) memcpy(errand->request, request, length);
  errand->pid = clone(run_errand, errand->stack + STACK_BYTES, CLONE_VM, errand);
  return JS_NewInt32(ctx, errand->pid < 0 ? -errno : errand->pid);
}

JSValue native_send_by_child(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  int fd, milliseconds;
  size_t length;
  if (JS_ToInt32(ctx, &fd, argv[0]) < 0 || JS_ToInt32(ctx, &milliseconds, argv[2]) < 0) return JS_EXCEPTION;
  const uint8_t *request = bytes_of(ctx, &length, argv[1]);
  return request ? start(ctx, fd, request, length, milliseconds) : JS_EXCEPTION;
}

JSValue native_hold_by_child(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  int fd, milliseconds;
  if (JS_ToInt32(ctx, &fd, argv[0]) < 0 || JS_ToInt32(ctx, &milliseconds, argv[1]) < 0) return JS_EXCEPTION;
  return start(ctx, fd, NULL, 0, milliseconds);
}
