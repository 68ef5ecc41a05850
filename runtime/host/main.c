/* The executable's entry: an engine, the program's start, then the program, turn by turn. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "memory.h"
#include "native.h"
#include "picture.h"
#include "program.h"

/* Beyond this much recursion there is an error that the program can handle. */
#ifdef __SANITIZE_ADDRESS__
/* Its frames are larger. */
#define MAX_STACK_BYTES (16u << 20)
#else
#define MAX_STACK_BYTES (4u << 20)
#endif
/* A call is over before collecting cycles could pay; what runs for long has them collected. */
#define GC_THRESHOLD_BYTES (16u << 20)

#define MAX_REJECTED 256

extern const uint8_t program_modules[];

static const struct module_head *find_module(const char *name, const uint8_t **code) {
  size_t length = strlen(name);
  for (const uint8_t *at = program_modules;;) {
    const struct module_head *head = (const struct module_head *)at;
    if (head->name_length == 0) return NULL;
    const uint8_t *own_name = at + sizeof(*head);
    *code = own_name + padded(head->name_length);
    if (head->name_length == length && memcmp(own_name, name, length) == 0) return head;
    at = *code + padded(head->code_length);
  }
}

static JSValue read_module(JSContext *ctx, const char *name) {
  const uint8_t *code;
  const struct module_head *head = find_module(name, &code);
  if (!head) return JS_ThrowReferenceError(ctx, "there is no module %s", name);
  return JS_ReadObject(ctx, code, head->code_length, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  JSValue module = read_module(ctx, name);
  if (JS_IsException(module)) return NULL;
  JSModuleDef *found = JS_VALUE_GET_PTR(module);
  /* The engine keeps it among its modules. */
  JS_FreeValue(ctx, module);
  return found;
}

/* All modules are in one folder. */
static char *normalize_name(JSContext *ctx, const char *base, const char *name, void *opaque) {
  (void)base;
  (void)opaque;
  return js_strdup(ctx, strncmp(name, "./", 2) == 0 ? name + 2 : name);
}

/* A promise of its end, or an exception. */
static JSValue start_module(JSContext *ctx, const char *name, JSModuleDef **definition) {
  JSValue module = read_module(ctx, name);
  if (JS_IsException(module)) return module;
  *definition = JS_VALUE_GET_PTR(module);
  if (JS_ResolveModule(ctx, module) < 0) return JS_EXCEPTION;
  return JS_EvalFunction(ctx, module);
}

JSValue evaluate_module(JSContext *ctx, const char *name) {
  JSModuleDef *definition;
  JSValue evaluated = start_module(ctx, name, &definition);
  if (JS_IsException(evaluated)) return evaluated;
  if (JS_PromiseState(ctx, evaluated) == JS_PROMISE_REJECTED) return JS_Throw(ctx, JS_PromiseResult(ctx, evaluated));
  JS_FreeValue(ctx, evaluated);
  return JS_GetModuleNamespace(ctx, definition);
}

static void end_with_exception(JSContext *ctx) {
  JSValue thrown = JS_GetException(ctx);
  const char *text = JS_ToCString(ctx, thrown);
  JSValue stack = JS_GetPropertyStr(ctx, thrown, "stack");
  const char *trace = JS_IsString(stack) ? JS_ToCString(ctx, stack) : NULL;
  fprintf(stderr, "cni-ts: %s\n%s", text ? text : "an error without a text", trace ? trace : "");
  _exit(1);
}

/* Promises that were rejected while nobody looked after them; most are looked after before the next turn. */
static struct {
  JSValue promise, reason;
} rejected[MAX_REJECTED];
static size_t rejected_count;

static void note_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque) {
  (void)opaque;
  if (!is_handled) {
    if (rejected_count == MAX_REJECTED) return;
    rejected[rejected_count].promise = JS_DupValue(ctx, promise);
    rejected[rejected_count++].reason = JS_DupValue(ctx, reason);
    return;
  }
  for (size_t at = 0; at < rejected_count; at++) {
    if (JS_VALUE_GET_PTR(rejected[at].promise) != JS_VALUE_GET_PTR(promise)) continue;
    JS_FreeValue(ctx, rejected[at].promise);
    JS_FreeValue(ctx, rejected[at].reason);
    rejected[at] = rejected[--rejected_count];
    return;
  }
}

static void run_jobs(JSContext *ctx) {
  JSContext *own;
  int done;
  while ((done = JS_ExecutePendingJob(JS_GetRuntime(ctx), &own)) > 0) continue;
  if (done < 0) end_with_exception(own);
  if (rejected_count == 0) return;
  /* An error that nobody hears of must not be lost. */
  JS_Throw(ctx, rejected[0].reason);
  end_with_exception(ctx);
}

/* Whatever is opened next must not become somebody's stdout. */
static void open_missing_streams(void) {
  for (int fd = 0; fd < 3; fd++) {
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", O_RDWR);
  }
}

static size_t stack_bytes(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur / 2 < MAX_STACK_BYTES) return limit.rlim_cur / 2;
  return MAX_STACK_BYTES;
}

/* Everything of the language but its compiler: no text ever becomes code. */
static JSContext *new_context(JSRuntime *rt) {
  JSContext *ctx = JS_NewContextRaw(rt);
  if (!ctx) return NULL;
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicDate(ctx);
  JS_AddIntrinsicRegExpCompiler(ctx);
  JS_AddIntrinsicRegExp(ctx);
  JS_AddIntrinsicJSON(ctx);
  JS_AddIntrinsicProxy(ctx);
  JS_AddIntrinsicMapSet(ctx);
  JS_AddIntrinsicTypedArrays(ctx);
  JS_AddIntrinsicPromise(ctx);
  JS_AddIntrinsicWeakRef(ctx);
  return ctx;
}

static void make_engine(void) {
  JSRuntime *rt = JS_NewRuntime2(&MEMORY, NULL);
  JSContext *ctx = rt ? new_context(rt) : NULL;
  if (!ctx) fputs("cni-ts: out of memory\n", stderr), _exit(1);
  engine->rt = rt;
  engine->ctx = ctx;
  engine->program = JS_UNDEFINED;
  JS_SetHostPromiseRejectionTracker(rt, note_rejection, NULL);
  JS_SetModuleLoaderFunc(rt, normalize_name, load_module, NULL);
  define_native(ctx);
  if (JS_IsException(evaluate_module(ctx, START_MODULE))) end_with_exception(ctx);
}

/* What is in the picture: the engine, and all modules that a call may need, evaluated. */
static void fill_picture(void) {
  make_engine();
  if (JS_IsException(evaluate_module(engine->ctx, PICTURE_MODULE))) end_with_exception(engine->ctx);
  run_jobs(engine->ctx);
}

/* A promise of the program's end, or an exception. */
static JSValue start_program(JSContext *ctx) {
  if (JS_IsUndefined(engine->program)) {
    JSModuleDef *definition;
    JSValue evaluated = start_module(ctx, MAIN_MODULE, &definition);
    /* A program of one module is over with it. */
    if (JS_IsUndefined(engine->program)) return evaluated;
    if (JS_IsException(evaluated)) return evaluated;
  }
  return JS_Call(ctx, engine->program, JS_UNDEFINED, 0, NULL);
}

int main(int argc, char **argv) {
  (void)argc;
  if (begins_picture()) make_picture(fill_picture);
  open_missing_streams();
  signal(SIGPIPE, SIG_IGN);
  if (take_over_picture()) JS_UpdateStackTop(engine->rt);
  else make_engine();
  JSContext *ctx = engine->ctx;
  JS_SetMaxStackSize(engine->rt, stack_bytes());
  JS_SetGCThreshold(engine->rt, picture_bytes() + GC_THRESHOLD_BYTES);
  if (JS_IsException(begin_program(ctx, argv))) end_with_exception(ctx);
  JSValue program = start_program(ctx);
  for (;;) {
    run_jobs(ctx);
    if (JS_IsException(program)) end_with_exception(ctx);
    if (JS_PromiseState(ctx, program) == JS_PROMISE_REJECTED) {
      JS_Throw(ctx, JS_PromiseResult(ctx, program));
      end_with_exception(ctx);
    }
    JSValue more = JS_Call(ctx, engine->turn, JS_UNDEFINED, 0, NULL);
    if (JS_IsException(more)) end_with_exception(ctx);
    if (!JS_ToBool(ctx, more) && !JS_IsJobPending(engine->rt)) break;
  }
  if (JS_PromiseState(ctx, program) == JS_PROMISE_FULFILLED) return 0;
  fputs("cni-ts: there is nothing left to wait for\n", stderr);
  return 1;
}
