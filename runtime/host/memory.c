#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "picture.h"

/* A block for small pieces has its pages at once: a fault for each of them would take longer. Of a large piece, such as
   a buffer, often only the beginning is used. */
#define SMALL_BLOCK_BYTES (64u << 10)
#define LARGE_BLOCK_BYTES (1u << 20)

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

static int next_block(struct block *block, size_t bytes, int flags) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (start == MAP_FAILED) return -1;
  block->at = first_piece_after(start);
  block->end = (uint8_t *)start + bytes;
  return 0;
}

static uint8_t *place_in_block(size_t size) {
  struct memory *memory = &engine->memory;
  int is_small = size <= MAX_SMALL || is_making_picture();
  struct block *block = is_small ? &memory->small : &memory->large;
  if ((size_t)(block->end - block->at) < size) {
    /* The picture is one block. */
    if (is_making_picture()) return NULL;
    int failed = is_small ? next_block(block, SMALL_BLOCK_BYTES, MAP_POPULATE) : next_block(block, LARGE_BLOCK_BYTES, 0);
    if (failed) return NULL;
  }
  uint8_t *place = block->at;
  block->at += size;
  return place;
}

static void *take_new(size_t size) {
  struct head *head = (struct head *)place_in_block(size);
  if (!head) return NULL;
  head->size = size;
  return head + 1;
}

/* What a piece takes with its head: it has one of few sizes, so that it can be taken again. */
static size_t taken(size_t size) {
  size_t whole = (size + sizeof(struct head) + STEP - 1) / STEP * STEP;
  if (whole <= MAX_SMALL) return whole;
  size_t quarter = (size_t)1 << (61 - __builtin_clzl(whole - 1));
  return (whole + quarter - 1) / quarter * quarter;
}

static struct free_piece **kept_of(size_t size) {
  if (size <= MAX_SMALL) return &engine->memory.kept[size / STEP];
  int doubling = 63 - __builtin_clzl(size - 1);
  size_t quarter = ((size - 1) >> (doubling - 2)) & 3;
  return &engine->memory.kept[MAX_SMALL / STEP + 1 + (size_t)(doubling - 10) * 4 + quarter];
}

static void *take_kept(size_t size) {
  struct free_piece **kept = kept_of(size);
  struct free_piece *piece = *kept;
  if (!piece) return take_new(size);
  *kept = piece->next;
  return piece;
}

static void *take_largest(size_t size) {
  if (is_making_picture()) return take_new(size);
  /* As above: malloc gives multiples of 16, so the head goes into the second half of a step of its own. */
  uint8_t *start = malloc(size + STEP - sizeof(struct head));
  if (!start) return NULL;
  struct head *head = (struct head *)(start + STEP - sizeof(struct head));
  head->size = size;
  return head + 1;
}

static void *memory_take(JSMallocState *state, size_t size) {
  size_t whole = taken(size);
  if (whole < size || state->malloc_size + whole > state->malloc_limit) return NULL;
  void *piece = whole <= MAX_KEPT ? take_kept(whole) : take_largest(whole);
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
  /* What takes its place would not be counted either. */
  if (is_uncounted(piece)) return;
  if (size > MAX_KEPT) {
    if (!is_in_picture(piece)) free((uint8_t *)piece - STEP);
    return;
  }
  struct free_piece *freed = piece, **kept = kept_of(size);
  freed->next = *kept;
  *kept = freed;
}

static size_t memory_usable(const void *piece) {
  return piece ? size_of(piece) - sizeof(struct head) : 0;
}

static void *memory_resize(JSMallocState *state, void *piece, size_t size) {
  if (!piece) return size > 0 ? memory_take(state, size) : NULL;
  if (size == 0) return memory_free(state, piece), NULL;
  size_t usable = memory_usable(piece);
  if (taken(size) == size_of(piece)) return piece;
  if (size_of(piece) > MAX_KEPT && taken(size) > MAX_KEPT && !is_in_picture(piece)) {
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
