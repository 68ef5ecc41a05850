/* Included by the engine itself, see scripts/lib/uncounted.ts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of the picture of memory that was taken over. Nothing in it is ever given back, so nobody counts who refers to it:
   each count would make this process a copy of a page. */
extern size_t uncounted_bytes;

static inline int is_uncounted(const void *piece) {
  return (uintptr_t)piece - PICTURE_ADDRESS < uncounted_bytes;
}

static inline void count_more(int *count) {
  if (!is_uncounted(count)) ++*count;
}

/* What is left. */
static inline int count_fewer(int *count) {
  return is_uncounted(count) ? 1 : --*count;
}

static inline int is_shared(const int *count) {
  return *count != 1 || is_uncounted(count);
}
