/* Where pieces of memory go while the picture is made: those that calls write to are put together, so that a call has few
   pages to copy. Which they are is found out by calls of a picture in which each piece has a page of its own. */
#ifndef CNI_TS_HEAT_H
#define CNI_TS_HEAT_H

#include <stddef.h>
#include <stdint.h>

/* Whether this process is to find out, and not to make a picture. */
int is_learning_heat(void);

/* Begins with the room that there is; what was found out is on stdin. */
void begin_heat(uint8_t *start, uint8_t *end);

/* The place of the next piece, NULL when there is no more room. */
uint8_t *place_piece(size_t size);

/* Where a block of memory is to be: anywhere, or where it is in every such process, because the engine sorts by addresses
   what it looks for, and neighbours are written to. */
void *block_address(size_t bytes);

/* Where the last piece ends. */
uint8_t *end_of_pieces(void);

/* From now on what is written to is noticed. */
void notice_writes(void);

/* Whether a piece has a page of its own. */
int is_on_own_page(const void *piece);

/* At the end of a process that is to find out: writes down each piece's size, and whether it was written to. */
void end_heat(void);

#endif
