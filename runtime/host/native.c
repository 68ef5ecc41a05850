#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"
#include "build.h"
#include "child.h"
#include "picture.h"
#include "sha512.h"
#include "text.h"

/* In the words of node:process. */
#ifdef __aarch64__
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE "x64"
#endif

#define MAX_ARGUMENTS 6

extern char **environ;

/* One argument of a function of the C library; *text is what has to be freed after the call. -1 with an exception. */
static int to_argument(JSContext *ctx, JSValueConst value, long *argument, const char **text) {
  *text = NULL;
  if (JS_IsNull(value) || JS_IsUndefined(value)) return *argument = 0, 0;
  if (JS_IsString(value)) {
    size_t length;
    *text = JS_ToCStringLen(ctx, &length, value);
    if (!*text) return -1;
    *argument = (long)*text;
    /* It would be cut at the NUL, and name something else. */
    return strlen(*text) == length ? 0 : EINVAL;
  }
  if (JS_IsObject(value)) {
    size_t length;
    uint8_t *bytes = bytes_of(ctx, &length, value);
    *argument = (long)bytes;
    return bytes ? 0 : -1;
  }
  int64_t number;
  if (JS_ToInt64Ext(ctx, &number, value) < 0) return -1;
  *argument = number;
  return 0;
}

/* Calls a function of the C library: its result, or -errno when it failed. */
static JSValue call_libc(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic, JSValue *data) {
  (void)this;
  (void)magic;
  int64_t address;
  JS_ToInt64Ext(ctx, &address, data[0]);
  const struct libc_entry *entry = (const struct libc_entry *)address;
  long arguments[MAX_ARGUMENTS] = {0};
  const char *texts[MAX_ARGUMENTS] = {NULL};
  int problem = argc > MAX_ARGUMENTS ? E2BIG : 0;
  for (int at = 0; at < argc && problem == 0; at++) problem = to_argument(ctx, argv[at], &arguments[at], &texts[at]);
  long result = -1;
  if (problem == 0 && !entry->is_pure && is_too_early(ctx, entry->name)) problem = -1;
  if (problem == 0) {
    const long *a = arguments;
    errno = 0;
    result = entry->function(a[0], a[1], a[2], a[3], a[4], a[5]);
    if (entry->returns_int) result = (int)result;
    if (result == -1) problem = errno;
  }
  for (int at = 0; at < MAX_ARGUMENTS; at++) {
    if (texts[at]) JS_FreeCString(ctx, texts[at]);
  }
  if (problem < 0) return JS_EXCEPTION;
  return JS_NewInt64(ctx, problem > 0 ? -problem : result);
}

/* Native.libc(name): the function of that name. */
static JSValue native_libc(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  const char *name = JS_ToCString(ctx, argv[0]);
  if (!name) return JS_EXCEPTION;
  const struct libc_entry *entry = libc_entry_named(name);
  JSValue result;
  if (entry) {
    JSValue address = JS_NewBigInt64(ctx, (int64_t)entry);
    result = JS_NewCFunctionData(ctx, call_libc, MAX_ARGUMENTS, 0, 1, &address);
    JS_FreeValue(ctx, address);
  } else {
    result = JS_ThrowReferenceError(ctx, "there is no function %s here", name);
  }
  JS_FreeCString(ctx, name);
  return result;
}

/* Native.addressOf(bytes): where they are, for structures that refer to others. */
static JSValue native_address_of(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  size_t length;
  uint8_t *bytes = bytes_of(ctx, &length, argv[0]);
  return bytes ? JS_NewBigInt64(ctx, (int64_t)bytes) : JS_EXCEPTION;
}

static void free_texts(JSContext *ctx, const char **texts) {
  for (size_t at = 0; texts && texts[at]; at++) JS_FreeCString(ctx, texts[at]);
  js_free(ctx, texts);
}

/* The texts of an array, with a NULL behind them. */
static const char **texts_of(JSContext *ctx, JSValueConst array) {
  uint32_t count;
  JSValue length = JS_GetPropertyStr(ctx, array, "length");
  if (JS_ToUint32(ctx, &count, length) < 0) return NULL;
  const char **texts = js_mallocz(ctx, ((size_t)count + 1) * sizeof(*texts));
  for (uint32_t at = 0; texts && at < count; at++) {
    JSValue text = JS_GetPropertyUint32(ctx, array, at);
    texts[at] = JS_ToCString(ctx, text);
    JS_FreeValue(ctx, text);
    if (!texts[at]) return free_texts(ctx, texts), NULL;
  }
  return texts;
}

static int spawn_with(pid_t *pid, const char *path, const char **argv, const char **environment, const int *fds) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int fd = 0; fd < 3; fd++) {
    if (fds[fd] >= 0) posix_spawn_file_actions_adddup2(&actions, fds[fd], fd);
    else posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  /* What this process ignores and holds back is not the child's. */
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int problem = posix_spawn(pid, path, &actions, &attributes, (char *const *)argv, (char *const *)environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return problem;
}

/* Native.spawn(path, argv, environment, stdin, stdout, stderr): the child's pid, or -errno; -1 for a descriptor is
   /dev/null. */
static JSValue native_spawn(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  if (is_too_early(ctx, "spawn")) return JS_EXCEPTION;
  int fds[3];
  for (int fd = 0; fd < 3; fd++) {
    if (JS_ToInt32(ctx, &fds[fd], argv[3 + fd]) < 0) return JS_EXCEPTION;
  }
  const char *path = JS_ToCString(ctx, argv[0]);
  const char **arguments = path ? texts_of(ctx, argv[1]) : NULL;
  const char **environment = arguments ? texts_of(ctx, argv[2]) : NULL;
  JSValue result = JS_EXCEPTION;
  if (environment) {
    pid_t pid;
    int problem = spawn_with(&pid, path, arguments, environment, fds);
    result = JS_NewInt32(ctx, problem ? -problem : pid);
  }
  free_texts(ctx, environment);
  free_texts(ctx, arguments);
  if (path) JS_FreeCString(ctx, path);
  return result;
}

/* Native.holdSignal(number): from now on the signal waits for a descriptor of signalfd. */
static JSValue native_hold_signal(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  if (is_too_early(ctx, "holdSignal")) return JS_EXCEPTION;
  int number;
  if (JS_ToInt32(ctx, &number, argv[0]) < 0) return JS_EXCEPTION;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, number);
  return JS_NewInt32(ctx, sigprocmask(SIG_BLOCK, &signals, NULL) == 0 ? 0 : -errno);
}

/* Native.now(): milliseconds of a clock that nobody sets. */
static JSValue native_now(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  (void)argv;
  if (is_too_early(ctx, "now")) return JS_EXCEPTION;
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return JS_NewFloat64(ctx, (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6);
}

/* Native.exit(status): at once. */
static JSValue native_exit(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  int status = 1;
  JS_ToInt32(ctx, &status, argv[0]);
  _exit(status);
}

/* Native.setLoop(begin, turn): what main.c calls first, and what it calls then as long as it gives true. */
static JSValue native_set_loop(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  engine->begin = JS_DupValue(ctx, argv[0]);
  engine->turn = JS_DupValue(ctx, argv[1]);
  return JS_UNDEFINED;
}

/* Native.setProgram(function): what main.c calls when all modules are there. */
static JSValue native_set_program(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  engine->program = JS_DupValue(ctx, argv[0]);
  return JS_UNDEFINED;
}

/* Native.load(name): what a module of the program exports. */
static JSValue native_load(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  const char *name = JS_ToCString(ctx, argv[0]);
  if (!name) return JS_EXCEPTION;
  JSValue namespace = evaluate_module(ctx, name);
  JS_FreeCString(ctx, name);
  return namespace;
}

static const JSCFunctionListEntry FUNCTIONS[] = {
    JS_CFUNC_DEF("addressOf", 1, native_address_of),
    JS_CFUNC_DEF("buildOf", 1, native_build_of),
    JS_CFUNC_DEF("decode", 1, native_decode),
    JS_CFUNC_DEF("encode", 1, native_encode),
    JS_CFUNC_DEF("exit", 1, native_exit),
    JS_CFUNC_DEF("holdSignal", 1, native_hold_signal),
    JS_CFUNC_DEF("join", 1, native_join),
    JS_CFUNC_DEF("libc", 1, native_libc),
    JS_CFUNC_DEF("load", 1, native_load),
    JS_CFUNC_DEF("now", 0, native_now),
    JS_CFUNC_DEF("openInThread", 1, native_open_in_thread),
    JS_CFUNC_DEF("sendInThread", 2, native_send_in_thread),
    JS_CFUNC_DEF("sendByChild", 2, native_send_by_child),
    JS_CFUNC_DEF("setLoop", 2, native_set_loop),
    JS_CFUNC_DEF("setProgram", 1, native_set_program),
    JS_CFUNC_DEF("sha512", 1, native_sha512),
    JS_CFUNC_DEF("spawn", 6, native_spawn),
};

/* Texts from outside may be no valid UTF-8; they are decoded as every other. */
static JSValue outside_texts(JSContext *ctx, char **texts) {
  JSValue array = JS_NewArray(ctx);
  for (uint32_t at = 0; texts[at]; at++) {
    JSValue buffer = JS_NewArrayBuffer(ctx, (uint8_t *)texts[at], strlen(texts[at]), NULL, NULL, 0);
    JSValueConst arguments[] = {buffer};
    JS_SetPropertyUint32(ctx, array, at, native_decode(ctx, JS_UNDEFINED, 1, arguments));
    JS_FreeValue(ctx, buffer);
  }
  return array;
}

JSValue begin_program(JSContext *ctx, char **argv) {
  JSValue arguments[] = {outside_texts(ctx, argv), outside_texts(ctx, environ)};
  JSValue result = JS_Call(ctx, engine->begin, JS_UNDEFINED, 2, arguments);
  JS_FreeValue(ctx, arguments[0]);
  JS_FreeValue(ctx, arguments[1]);
  return result;
}

void define_native(JSContext *ctx) {
  JSValue native = JS_NewObject(ctx);
  JS_SetPropertyFunctionList(ctx, native, FUNCTIONS, sizeof(FUNCTIONS) / sizeof(*FUNCTIONS));
  JS_SetPropertyStr(ctx, native, "arch", JS_NewString(ctx, ARCHITECTURE));
  JSValue global = JS_GetGlobalObject(ctx);
  JS_DefinePropertyValueStr(ctx, global, "Native", native, 0);
  JS_FreeValue(ctx, global);
}
