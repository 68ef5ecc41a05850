/* A picture of memory: the engine with the program in it as it is before the first look at the world, made when the
   executable is built. The kernel maps it with everything else of the file, private and copied where it is written. */
#ifndef CNI_TS_PICTURE_H
#define CNI_TS_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "quickjs.h"

/* Where a process is in the life of the engine; all that is not on the stack or in the kernel. */
struct engine {
  JSRuntime *rt;
  JSContext *ctx;
  /* What the program gave with Native.setLoop and setProgram. */
  JSValue begin, turn, program;
  struct memory memory;
};

/* That of the picture, or one that is made anew. */
extern struct engine *engine;

/* Whether this process is there to make the picture; called first. */
int begins_picture(void);

/* Whether this process makes the picture: it must not look at the world. */
int is_making_picture(void);

/* Whether the picture is being made: then there is an exception, because nothing of this machine is to be in it. */
int is_too_early(JSContext *ctx, const char *what);

/* Whether the picture of this executable was taken over; a line on stderr when there is one that does not fit. */
int take_over_picture(void);

/* Makes the picture with everything that `fill` makes, writes it to stdout and ends the process. */
void make_picture(void (*fill)(void));

/* Whether a piece of memory is in the picture. */
int is_in_picture(const void *piece);

/* How many bytes of it may be written. */
size_t picture_bytes(void);

#endif
