#define _GNU_SOURCE
#include "heat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define ROOM_BYTES (1u << 30)
#define MAX_PIECES (1u << 17)
/* Of the largest only single pages are written to. */
#define MAX_HOT_BYTES 2048u
/* Pieces that every call writes to, that some call does, and all others. */
#define HEATS 3
/* Where own pages and blocks of memory are, in every such process. */
#define OWN_PAGES ((uint8_t *)0x40000000)
#define BLOCKS ((uint8_t *)0x20000000)
/* Where the file is to be written. */
#define VARIABLE "CNI_TS_HEAT"
/* A page that this process wrote to is no page of a file any more. */
#define IS_FILE_PAGE (1ull << 61)
#define IS_PRESENT (1ull << 63)

/* Of each piece, in the order in which they are taken: its size, and its heat in the lowest bits. */
static uint32_t *pieces;
static size_t count, next;

/* The place of the next piece of each heat. */
static uint8_t *places[HEATS], *room_end;

/* One page or more for each piece. */
static uint8_t *own_pages;
static uint8_t *next_block = BLOCKS;
static int file = -1;

int is_learning_heat(void) {
  return getenv(VARIABLE) != NULL;
}

static void fail(const char *what) {
  fprintf(stderr, "heat of the picture: %s\n", what);
  _exit(1);
}

static size_t pages_of(size_t size) {
  return (size + 8 + PAGE_BYTES - 1) / PAGE_BYTES;
}

static void begin_learning(void) {
  file = memfd_create("picture", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, ROOM_BYTES) < 0) fail("no memory");
  own_pages = mmap(OWN_PAGES, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, file, 0);
  if (own_pages == MAP_FAILED) fail("no memory");
  places[0] = own_pages;
}

void begin_heat(uint8_t *start, uint8_t *end) {
  pieces = mmap(NULL, MAX_PIECES * sizeof(*pieces), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pieces == MAP_FAILED) fail("no memory");
  if (is_learning_heat()) return begin_learning();
  size_t bytes = 0;
  for (ssize_t got; (got = read(0, (uint8_t *)pieces + bytes, MAX_PIECES * sizeof(*pieces) - bytes)) > 0;) {
    bytes += (size_t)got;
  }
  count = bytes / sizeof(*pieces);
  room_end = end;
  size_t sizes[HEATS] = {0};
  for (size_t at = 0; at < count; at++) sizes[pieces[at] % 4] += pieces[at] / 4 * 4;
  for (int heat = 0; heat < HEATS; start += sizes[heat++]) places[heat] = start;
}

static uint8_t *place_on_own_page(size_t size) {
  uint8_t *page = places[0];
  if (next == MAX_PIECES || (size_t)(own_pages + ROOM_BYTES - page) < pages_of(size) * PAGE_BYTES) fail("too many pieces");
  pieces[next++] = (uint32_t)size;
  places[0] += pages_of(size) * PAGE_BYTES;
  /* A head ends where a piece begins, on 16 bytes. */
  return page + 8;
}

uint8_t *place_piece(size_t size) {
  if (own_pages) return place_on_own_page(size);
  uint32_t heat = 0;
  if (count > 0) {
    if (next == count || pieces[next] / 4 * 4 != size) fail("it was found out of another program");
    heat = pieces[next++] % 4;
  }
  uint8_t *place = places[heat];
  if ((size_t)(room_end - place) < size) return NULL;
  places[heat] += size;
  return place;
}

void *block_address(size_t bytes) {
  if (!own_pages) return NULL;
  uint8_t *block = next_block;
  next_block += bytes;
  return block;
}

uint8_t *end_of_pieces(void) {
  return places[count > 0 ? HEATS - 1 : 0];
}

void notice_writes(void) {
  size_t bytes = (size_t)(places[0] - own_pages);
  if (mmap(own_pages, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) fail("no memory");
}

int is_on_own_page(const void *piece) {
  return own_pages && (const uint8_t *)piece >= own_pages && (const uint8_t *)piece < own_pages + ROOM_BYTES;
}

void end_heat(void) {
  if (!own_pages) return;
  size_t pages = (size_t)(places[0] - own_pages) / PAGE_BYTES;
  uint64_t *map = calloc(pages, sizeof(*map));
  int pagemap = open("/proc/self/pagemap", O_RDONLY);
  ssize_t wanted = (ssize_t)(pages * sizeof(*map));
  if (!map || pread(pagemap, map, (size_t)wanted, (off_t)((uintptr_t)own_pages / PAGE_BYTES * sizeof(*map))) != wanted) {
    fail("/proc/self/pagemap cannot be read");
  }
  for (size_t at = 0, page = 0; at < next; page += pages_of(pieces[at++])) {
    int is_written = (map[page] & IS_PRESENT) && !(map[page] & IS_FILE_PAGE);
    if (is_written && pieces[at] <= MAX_HOT_BYTES) pieces[at] |= 1;
  }
  int output = open(getenv(VARIABLE), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (write(output, pieces, next * sizeof(*pieces)) != (ssize_t)(next * sizeof(*pieces))) fail("it cannot be written");
}
