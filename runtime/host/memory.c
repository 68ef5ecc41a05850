#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "picture.h"

#define BLOCK_BYTES (64u << 10)

/* In front of each piece: what it takes with its head, as the engine's own limits count it. */
struct head {
  size_t size;
};

struct free_piece {
  struct free_piece *next;
};

/* Heads end where a piece begins, on 16 bytes. */
uint8_t *first_piece_after(void *start) {
  return (uint8_t *)(((uintptr_t)start + STEP - 1) / STEP * STEP) + STEP - sizeof(struct head);
}

/* A block whose pages are there at once: a fault for each of them would take longer. */
static int next_block(struct memory *memory) {
  if (is_making_picture()) return -1;
  void *block = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (block == MAP_FAILED) return -1;
  memory->block_at = first_piece_after(block);
  memory->block_end = (uint8_t *)block + BLOCK_BYTES;
  return 0;
}

static void *take_new(struct memory *memory, size_t size) {
  if ((size_t)(memory->block_end - memory->block_at) < size && next_block(memory) < 0) return NULL;
  struct head *head = (struct head *)memory->block_at;
  memory->block_at += size;
  head->size = size;
  return head + 1;
}

static void *take_small(size_t size) {
  struct memory *memory = &engine->memory;
  struct free_piece *piece = memory->kept[size / STEP];
  if (!piece) return take_new(memory, size);
  memory->kept[size / STEP] = piece->next;
  return piece;
}

static void *take_large(size_t size) {
  if (is_making_picture()) return take_new(&engine->memory, size);
  /* As above: malloc gives multiples of 16, so the head goes into the second half of a step of its own. */
  uint8_t *start = malloc(size + STEP - sizeof(struct head));
  if (!start) return NULL;
  struct head *head = (struct head *)(start + STEP - sizeof(struct head));
  head->size = size;
  return head + 1;
}

static size_t taken(size_t size) {
  return (size + sizeof(struct head) + STEP - 1) / STEP * STEP;
}

static void *memory_take(JSMallocState *state, size_t size) {
  size_t whole = taken(size);
  if (whole < size || state->malloc_size + whole > state->malloc_limit) return NULL;
  void *piece = whole <= MAX_SMALL ? take_small(whole) : take_large(whole);
  if (!piece) return NULL;
  state->malloc_count++;
  state->malloc_size += whole;
  return piece;
}

static size_t size_of(const void *piece) {
  return ((const struct head *)piece - 1)->size;
}

static void memory_free(JSMallocState *state, void *piece) {
  if (!piece) return;
  size_t size = size_of(piece);
  state->malloc_count--;
  state->malloc_size -= size;
  if (size > MAX_SMALL) {
    if (!is_in_picture(piece)) free((uint8_t *)piece - STEP);
    return;
  }
  struct free_piece *freed = piece;
  freed->next = engine->memory.kept[size / STEP];
  engine->memory.kept[size / STEP] = freed;
}

static size_t memory_usable(const void *piece) {
  return piece ? size_of(piece) - sizeof(struct head) : 0;
}

static void *memory_resize(JSMallocState *state, void *piece, size_t size) {
  if (!piece) return size > 0 ? memory_take(state, size) : NULL;
  if (size == 0) return memory_free(state, piece), NULL;
  size_t usable = memory_usable(piece);
  if (taken(size) == size_of(piece)) return piece;
  if (usable + sizeof(struct head) > MAX_SMALL && taken(size) > MAX_SMALL && !is_in_picture(piece)) {
    size_t before = size_of(piece), after = taken(size);
    if (after > before && state->malloc_size + (after - before) > state->malloc_limit) return NULL;
    uint8_t *start = realloc((uint8_t *)piece - STEP, after + STEP - sizeof(struct head));
    if (!start) return NULL;
    struct head *head = (struct head *)(start + STEP - sizeof(struct head));
    head->size = after;
    state->malloc_size += after - before;
    return head + 1;
  }
  void *moved = memory_take(state, size);
  if (!moved) return NULL;
  memcpy(moved, piece, usable < size ? usable : size);
  memory_free(state, piece);
  return moved;
}

const JSMallocFunctions MEMORY = {memory_take, memory_free, memory_resize, memory_usable};
