/* The program inside the executable: modules as bytecode, laid out by compile.c and found here by name. */
#ifndef CNI_TS_PROGRAM_H
#define CNI_TS_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Each module: length of its name, length of its bytecode, the name, the bytecode; all begin on 8 bytes. A name of
   length 0 ends the list. Both architectures are little-endian, so bytecode and numbers are the same for both. */
struct module_head {
  uint32_t name_length;
  uint32_t code_length;
};

static inline size_t padded(size_t length) {
  return (length + 7) & ~(size_t)7;
}

/* Evaluated first: gives the program what it finds in the global object. */
#define START_MODULE "start.js"
/* Everything of the program that is in the picture; not every program has one. */
#define PICTURE_MODULE "picture.js"
/* The program itself. */
#define MAIN_MODULE "main.js"

#endif
