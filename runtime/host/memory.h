/* Memory for a process that is nearly always over within milliseconds. */
#ifndef CNI_TS_MEMORY_H
#define CNI_TS_MEMORY_H

#include "quickjs.h"

/* Pieces are multiples of this, their heads included. */
#define STEP 16
#ifdef __SANITIZE_ADDRESS__
/* Each piece is malloc's, so that whoever leaves one is seen. */
#define MAX_SMALL 0
#else
#define MAX_SMALL 1024
#endif

struct free_piece;

/* Pieces that were given back, by their size, and the block from which new ones come. */
struct memory {
  struct free_piece *kept[MAX_SMALL / STEP + 1];
  uint8_t *block_at, *block_end;
};

/* Small pieces come from one block after another and are kept for the next of their size; large ones are malloc's. In
   the picture all come from it. */
extern const JSMallocFunctions MEMORY;

/* Where the first piece of a block begins. */
uint8_t *first_piece_after(void *start);

#endif
