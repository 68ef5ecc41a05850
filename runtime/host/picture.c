#define _GNU_SOURCE
#include "picture.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define STACK_BYTES (1u << 20)
#define ID_BYTES 40

/* The first bytes of the section; scripts/lib/compile.ts writes them before there is a picture. */
struct picture {
  char state[8];
  /* Of which program and engine it is, and where they were. */
  char id[ID_BYTES];
  const void *places[4];
  size_t size;
  struct engine engine;
};

static const char NONE[8] = "", TO_BE_MADE[8] = "to make", MADE[8] = "picture";

/* See program.S. */
extern struct picture picture;
extern const uint8_t picture_end[];
extern const char picture_id[];
extern const uint8_t program_modules[];

/* As a number: the compiler takes the end for a thing of its own. */
#define LAST_PAGE ((const void *)((uintptr_t)picture_end - PAGE_BYTES))

static struct engine made_anew;
struct engine *engine = &made_anew;

static const void *const PLACES[4] = {program_modules, &MEMORY, &take_over_picture, &made_anew};

static int is_making;

int is_making_picture(void) {
  return is_making;
}

int is_too_early(JSContext *ctx, const char *what) {
  if (!is_making) return 0;
  JS_ThrowReferenceError(ctx, "%s was called while the picture is made", what);
  return 1;
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* Whether a page of the file is there; whoever touches one that was cut off is ended. Kernels before 5.14 do not tell. */
static int is_page_there(const void *page) {
  return madvise((void *)page, PAGE_BYTES, MADV_POPULATE_READ) == 0 || errno != EFAULT;
}

int begins_picture(void) {
  is_making = is_page_there(&picture) && memcmp(picture.state, TO_BE_MADE, sizeof(TO_BE_MADE)) == 0;
  return is_making;
}

int is_in_picture(const void *piece) {
  return (const uint8_t *)piece >= (const uint8_t *)&picture && (const uint8_t *)piece < picture_end;
}

size_t picture_bytes(void) {
  return engine == &picture.engine ? picture.size : 0;
}

static int fits(void) {
  return memcmp(picture.id, picture_id, ID_BYTES) == 0 && memcmp(picture.places, PLACES, sizeof(PLACES)) == 0 &&
         picture.size == (size_t)(picture_end - (const uint8_t *)&picture);
}

int take_over_picture(void) {
  if (engine == &picture.engine) return 1;
  int is_whole = is_page_there(&picture) && is_page_there(LAST_PAGE);
  if (is_whole && memcmp(picture.state, NONE, sizeof(NONE)) == 0) return 0;
  if (is_whole && memcmp(picture.state, MADE, sizeof(MADE)) == 0 && fits()) {
    engine = &picture.engine;
    uncounted_bytes = picture.size;
    return 1;
  }
  fputs("cni-ts: this executable is damaged: its picture of memory is cut or of another build, and each start takes "
        "longer without it\n", stderr);
  return 0;
}

/* A stack of which every address is known: what the engine notes of it is the same each time. */
static _Alignas(16) uint8_t making_stack[STACK_BYTES];

static void *fill_for(void *fill) {
  ((void (*)(void))fill)();
  return NULL;
}

void make_picture(void (*fill)(void)) {
  engine = &picture.engine;
  engine->memory.small = (struct block){first_piece_after(&picture + 1), (uint8_t *)picture_end};
  pthread_t thread;
  pthread_attr_t on_that_stack;
  pthread_attr_init(&on_that_stack);
  pthread_attr_setstack(&on_that_stack, making_stack, sizeof(making_stack));
  if (pthread_create(&thread, &on_that_stack, fill_for, (void *)fill) != 0) _exit(1);
  pthread_join(thread, NULL);
  const uint8_t *start = (const uint8_t *)&picture;
  size_t size = (size_t)(engine->memory.small.at - start);
  /* What is taken later is in blocks of its own, not here and there in the picture, where each page would be copied. */
  memset(&engine->memory, 0, sizeof(engine->memory));
  picture.size = (size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  memcpy(picture.id, picture_id, ID_BYTES);
  memcpy(picture.places, PLACES, sizeof(PLACES));
  memcpy(picture.state, MADE, sizeof(MADE));
  for (size_t done = 0; done < picture.size;) {
    ssize_t written = write(1, start + done, picture.size - done);
    if (written <= 0) _exit(1);
    done += (size_t)written;
  }
  _exit(0);
}

/* The engine begins its random numbers with the time; the program has others, see runtime/start.ts. */
int __real_gettimeofday(struct timeval *restrict now, void *restrict zone);
int __wrap_gettimeofday(struct timeval *restrict now, void *restrict zone);
int __wrap_gettimeofday(struct timeval *restrict now, void *restrict zone) {
  if (!is_making_picture()) return __real_gettimeofday(now, zone);
  *now = (struct timeval){0, 0};
  return 0;
}
