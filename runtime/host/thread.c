#define _GNU_SOURCE
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "picture.h"
#include "plain_call.h"
#include "text.h"

/* As the kernel's own header has it. */
#define FUTEX_WAIT 0
#define STACK_BYTES (16 * 1024)
#define MAX_TASKS 8
/* A thread like any other: nobody sees the process end before it has. */
#define THREAD                                                                                             \
  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | \
   CLONE_CHILD_CLEARTID)

/* One call of the kernel. */
struct task {
  long number, arguments[4];
  long result;
  _Alignas(16) uint8_t stack[STACK_BYTES];
  uint8_t bytes[];
};

static struct task *tasks[MAX_TASKS];
/* Of the thread, for as long as it lives; the kernel waits and wakes by it. */
static int threads[MAX_TASKS];

static int run_thread(void *given) {
  struct task *task = given;
  task->result = plain_call(task->number, task->arguments);
  return 0;
}

/* With a copy of the bytes that it is about; NULL when there is no room. */
static struct task *make_task(int *slot, const void *bytes, size_t length) {
  for (*slot = 0; *slot < MAX_TASKS && tasks[*slot]; ++*slot) {
  }
  struct task *task = *slot < MAX_TASKS ? malloc(sizeof(*task) + length) : NULL;
  if (!task) return NULL;
  memcpy(task->bytes, bytes, length);
  return task;
}

/*
 * The kernel likes to leave a new thread on the processor of the one that started it, also when another has nothing to
 * do (in a virtual machine that one counts as taken), and then it begins only when that one waits.
 */
static void send_away(int thread) {
  cpu_set_t processors;
  int own = sched_getcpu();
  if (own < 0 || sched_getaffinity(0, sizeof(processors), &processors) < 0) return;
  CPU_CLR(own, &processors);
  if (CPU_COUNT(&processors) > 0) sched_setaffinity(thread, sizeof(processors), &processors);
}

/* For when the processor of the first thread is free: it may be waited for on a busy one. */
static void let_back(int thread) {
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof(processors), &processors) < 0) return;
  sched_setaffinity(thread, sizeof(processors), &processors);
}

static JSValue start(JSContext *ctx, int slot, struct task *task) {
  sigset_t all, before;
  /* What the process is told is for its first thread. */
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  int thread = clone(run_thread, task->stack + STACK_BYTES, THREAD, task, &threads[slot], NULL, &threads[slot]);
  int problem = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (thread < 0) {
    free(task);
    return JS_NewInt32(ctx, -problem);
  }
  send_away(thread);
  tasks[slot] = task;
  return JS_NewInt32(ctx, slot);
}

JSValue native_open_in_thread(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  if (is_too_early(ctx, "openInThread")) return JS_EXCEPTION;
  int slot;
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  struct task *task = make_task(&slot, path, strlen(path) + 1);
  JS_FreeCString(ctx, path);
  if (!task) return JS_NewInt32(ctx, -ENOMEM);
  task->number = SYS_openat;
  long arguments[] = {AT_FDCWD, (long)task->bytes, O_RDONLY | O_CLOEXEC, 0};
  memcpy(task->arguments, arguments, sizeof(arguments));
  return start(ctx, slot, task);
}

JSValue native_send_in_thread(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  if (is_too_early(ctx, "sendInThread")) return JS_EXCEPTION;
  int fd, slot;
  size_t length;
  if (JS_ToInt32(ctx, &fd, argv[0]) < 0) return JS_EXCEPTION;
  const uint8_t *bytes = bytes_of(ctx, &length, argv[1]);
  if (!bytes) return JS_EXCEPTION;
  struct task *task = make_task(&slot, bytes, length);
  if (!task) return JS_NewInt32(ctx, -ENOMEM);
  task->number = SYS_sendto;
  long arguments[] = {fd, (long)task->bytes, (long)length, 0};
  memcpy(task->arguments, arguments, sizeof(arguments));
  return start(ctx, slot, task);
}

JSValue native_join(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  int slot, thread;
  if (JS_ToInt32(ctx, &slot, argv[0]) < 0) return JS_EXCEPTION;
  if (slot < 0 || slot >= MAX_TASKS || !tasks[slot]) return JS_NewInt32(ctx, -EINVAL);
  thread = __atomic_load_n(&threads[slot], __ATOMIC_ACQUIRE);
  if (thread != 0) let_back(thread);
  while ((thread = __atomic_load_n(&threads[slot], __ATOMIC_ACQUIRE)) != 0) {
    syscall(SYS_futex, &threads[slot], FUTEX_WAIT, thread, NULL, NULL, 0);
  }
  long result = tasks[slot]->result;
  free(tasks[slot]);
  tasks[slot] = NULL;
  return JS_NewInt64(ctx, result);
}
