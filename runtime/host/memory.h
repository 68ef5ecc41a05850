/* Memory for a process that is nearly always over within milliseconds. */
#ifndef CNI_TS_MEMORY_H
#define CNI_TS_MEMORY_H

#include "quickjs.h"

/* Pieces are multiples of this, their heads included; from 1 kB on there are four sizes for each doubling. */
#define STEP 16
#define MAX_SMALL 1024
#ifdef __SANITIZE_ADDRESS__
/* Each piece is malloc's, so that whoever leaves one is seen. */
#define MAX_KEPT 0
#else
#define MAX_KEPT (256u << 10)
#endif
#define SIZES (MAX_SMALL / STEP + 4 * 8 + 1)

struct free_piece;

struct block {
  uint8_t *at, *end;
};

/* Pieces that were given back, by their size, and the blocks from which new ones come. */
struct memory {
  struct free_piece *kept[SIZES];
  struct block small, large;
};

/* Pieces come from one block after another and are kept for the next of their size; the largest are malloc's. In the
   picture all come from it. */
extern const JSMallocFunctions MEMORY;

/* Where the first piece of a block begins. */
uint8_t *first_piece_after(void *start);

#endif
