#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "picture.h"
#include "plain_call.h"
#include "text.h"

#define STACK_BYTES (16 * 1024)
#define MAX_STEPS 16
#define MAX_REQUEST_BYTES 1024

/* A request to be sent, or a pause. */
struct step {
  size_t length;
  int milliseconds;
};

/* What a child needs for as long as it lives. */
struct child {
  struct child *next;
  pid_t pid;
  int fd;
  size_t count;
  struct step steps[MAX_STEPS];
  uint8_t requests[MAX_REQUEST_BYTES];
  _Alignas(16) uint8_t stack[STACK_BYTES];
};

static struct child *children;

/* One whose child has ended, or a new one. */
static struct child *free_child(void) {
  struct child *child = children;
  /* A child that was waited for already, or was never there, is one that has ended. */
  while (child && child->pid > 0 && waitpid(child->pid, NULL, WNOHANG | __WALL) == 0) child = child->next;
  if (child) {
    child->pid = 0;
    return child;
  }
  child = calloc(1, sizeof(*child));
  if (!child) return NULL;
  child->next = children;
  return children = child;
}

/* Closes all descriptors from one number to another. */
static void close_all(long from, long to) {
  plain_call(SYS_close_range, (const long[4]){from, to});
}

static void wait_for(int milliseconds) {
  const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  plain_call(SYS_ppoll, (const long[4]){0, 0, (long)&time});
}

/* Nothing of the C library in here: its errno is that of the thread that goes on. */
static int run_child(void *given) {
  const struct child *child = given;
  /* Whoever called this program waits for the end of its output, and other processes for its locks. */
  if (child->fd > 0) close_all(0, child->fd - 1);
  close_all(child->fd + 1, ~0U);
  const uint8_t *request = child->requests;
  for (const struct step *step = child->steps; step < child->steps + child->count; step++) {
    if (step->length == 0) {
      wait_for(step->milliseconds);
      continue;
    }
    long sent = plain_call(SYS_sendto, (const long[4]){child->fd, (long)request, (long)step->length});
    if (sent < 0) return (int)-sent;
    request += step->length;
  }
  return 0;
}

/* Takes over one step, behind so many bytes of requests; an errno when there is no room for it, -1 with an exception. */
static int take_step(JSContext *ctx, struct child *child, struct step *step, JSValueConst value, size_t used) {
  *step = (struct step){0, 0};
  if (JS_IsNumber(value)) return JS_ToInt32(ctx, &step->milliseconds, value);
  const uint8_t *bytes = bytes_of(ctx, &step->length, value);
  if (!bytes) return -1;
  if (step->length > MAX_REQUEST_BYTES - used) return E2BIG;
  memcpy(child->requests + used, bytes, step->length);
  return 0;
}

static int take_steps(JSContext *ctx, struct child *child, JSValueConst steps) {
  size_t used = 0;
  int problem = 0;
  JSValue length = JS_GetPropertyStr(ctx, steps, "length");
  uint32_t count;
  if (JS_ToUint32(ctx, &count, length) < 0) return -1;
  if (count > MAX_STEPS) return E2BIG;
  for (child->count = 0; child->count < count && problem == 0; child->count++) {
    JSValue value = JS_GetPropertyUint32(ctx, steps, (uint32_t)child->count);
    struct step *step = &child->steps[child->count];
    problem = take_step(ctx, child, step, value, used);
    used += step->length;
    JS_FreeValue(ctx, value);
  }
  return problem;
}

JSValue native_send_by_child(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  if (is_too_early(ctx, "sendByChild")) return JS_EXCEPTION;
  struct child *child = free_child();
  if (!child) return JS_NewInt32(ctx, -ENOMEM);
  if (JS_ToInt32(ctx, &child->fd, argv[0]) < 0) return JS_EXCEPTION;
  int problem = take_steps(ctx, child, argv[1]);
  if (problem != 0) return problem < 0 ? JS_EXCEPTION : JS_NewInt32(ctx, -problem);
  /* Its memory is shared, because a copy would take longer than everything else here. */
  child->pid = clone(run_child, child->stack + STACK_BYTES, CLONE_VM, child);
  return JS_NewInt32(ctx, child->pid < 0 ? -errno : child->pid);
}
