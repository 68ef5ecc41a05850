#define _GNU_SOURCE
#include "build.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "picture.h"

/* The linker puts the note into the first page of a file. */
#define PAGE_BYTES 4096
#define HEAD_BYTES 20
#define ID_BYTES 40

/* This program's own note, see program.S: its head is the same in every build. */
extern const char build_note[];

JSValue native_build_of(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  if (is_too_early(ctx, "buildOf")) return JS_EXCEPTION;
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  /* A pipe that somebody has put in a plugin's place is not waited for. */
  int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  JS_FreeCString(ctx, path);
  if (fd < 0) return JS_UNDEFINED;
  char page[PAGE_BYTES];
  struct stat status;
  ssize_t length = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? pread(fd, page, sizeof(page), 0) : -1;
  close(fd);
  /* Somebody else's beginning may be over that of an executable. */
  if (length < SELFMAG || memcmp(page, ELFMAG, SELFMAG) != 0) return JS_UNDEFINED;
  const char *note = memmem(page, (size_t)length, build_note, HEAD_BYTES);
  if (!note || page + length < note + HEAD_BYTES + ID_BYTES) return JS_UNDEFINED;
  /* The size, because a file that is just being written begins like a whole one. */
  char text[ID_BYTES + 24];
  snprintf(text, sizeof(text), "%.*s %lld", ID_BYTES, note + HEAD_BYTES, (long long)status.st_size);
  return JS_NewString(ctx, text);
}
