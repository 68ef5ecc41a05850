/* What the program finds under the name Native. */
#ifndef CNI_TS_NATIVE_H
#define CNI_TS_NATIVE_H

#include "quickjs.h"

/* Makes the global object Native. */
void define_native(JSContext *ctx);

/* Tells the program what it was called with: Native.setLoop's first function. An exception, or nothing. */
JSValue begin_program(JSContext *ctx, char **argv);

/* Evaluates a module of the program; gives its namespace, or an exception. */
JSValue evaluate_module(JSContext *ctx, const char *name);

typedef long (*libc_function)(long, long, long, long, long, long);

/* A function of the C library that the program is given. */
struct libc_entry {
  const char *name;
  libc_function function;
  int returns_int;
  /* Looks at nothing but its arguments. */
  int is_pure;
};

/* NULL when the program is given none of that name. */
const struct libc_entry *libc_entry_named(const char *name);

#endif
