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
#define MAX_REQUESTS 16
#define MAX_REQUEST_BYTES 1024

/* What a child needs for as long as it lives. */
struct errand {
  struct errand *next;
  pid_t pid;
  int fd;
  int before;
  int after;
  size_t count;
  size_t lengths[MAX_REQUESTS];
  uint8_t requests[MAX_REQUEST_BYTES];
  _Alignas(16) uint8_t stack[STACK_BYTES];
};

static struct errand *errands;

/* One whose child has ended, or a new one. */
static struct errand *free_errand(void) {
  struct errand *errand = errands;
  /* A child that was waited for already, or was never there, is one that has ended. */
  while (errand && errand->pid > 0 && waitpid(errand->pid, NULL, WNOHANG | __WALL) == 0) errand = errand->next;
  if (errand) {
    errand->pid = 0;
    return errand;
  }
  errand = calloc(1, sizeof(*errand));
  if (!errand) return NULL;
  errand->next = errands;
  return errands = errand;
}

static int run_errand(void *given) {
  const struct errand *errand = given;
  /* Whoever called this program waits for the end of its output, and other processes for its locks. */
  if (errand->fd > 0) close_range(0, (unsigned)errand->fd - 1, 0);
  close_range((unsigned)errand->fd + 1, ~0U, 0);
  if (errand->before > 0) poll(NULL, 0, errand->before);
  const uint8_t *request = errand->requests;
  for (size_t at = 0; at < errand->count; at++) {
    if (send(errand->fd, request, errand->lengths[at], 0) < 0) return errno;
    request += errand->lengths[at];
  }
  if (errand->after > 0) poll(NULL, 0, errand->after);
  return 0;
}

/* Copies what is to be sent; an errno when there is no room for it, -1 with an exception. */
static int take_requests(JSContext *ctx, struct errand *errand, JSValueConst requests) {
  uint32_t count;
  size_t used = 0;
  JSValue length = JS_GetPropertyStr(ctx, requests, "length");
  if (JS_ToUint32(ctx, &count, length) < 0) return -1;
  if (count > MAX_REQUESTS) return E2BIG;
  for (uint32_t at = 0; at < count; at++) {
    JSValue request = JS_GetPropertyUint32(ctx, requests, at);
    const uint8_t *bytes = bytes_of(ctx, &errand->lengths[at], request);
    int fits = bytes && errand->lengths[at] <= MAX_REQUEST_BYTES - used;
    if (fits) memcpy(errand->requests + used, bytes, errand->lengths[at]);
    JS_FreeValue(ctx, request);
    if (!fits) return bytes ? E2BIG : -1;
    used += errand->lengths[at];
  }
  errand->count = count;
  return 0;
}

JSValue native_send_by_child(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  struct errand *errand = free_errand();
  if (!errand) return JS_NewInt32(ctx, -ENOMEM);
  if (JS_ToInt32(ctx, &errand->fd, argv[0]) < 0) return JS_EXCEPTION;
  int problem = take_requests(ctx, errand, argv[1]);
  if (problem != 0) return problem < 0 ? JS_EXCEPTION : JS_NewInt32(ctx, -problem);
  if (JS_ToInt32(ctx, &errand->before, argv[2]) < 0 || JS_ToInt32(ctx, &errand->after, argv[3]) < 0)
    return JS_EXCEPTION;
  /* Its memory is shared, because a copy would take longer than everything else here. */
  errand->pid = clone(run_errand, errand->stack + STACK_BYTES, CLONE_VM, errand);
  int pid = errand->pid < 0 ? -errno : errand->pid;
  /* It sleeps already when this process ends, so whoever waits for that is not woken where there is a queue. */
  if (errand->before > 0) sched_yield();
  return JS_NewInt32(ctx, pid);
}
