#include "text.h"

#include <string.h>

uint8_t *bytes_of(JSContext *ctx, size_t *length, JSValueConst value) {
  size_t offset, byte_length, element, whole;
  JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &byte_length, &element);
  if (JS_IsException(buffer)) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    return JS_GetArrayBuffer(ctx, length, value);
  }
  uint8_t *start = JS_GetArrayBuffer(ctx, &whole, buffer);
  JS_FreeValue(ctx, buffer);
  if (!start && whole > 0) return NULL;
  *length = byte_length;
  return start + offset;
}

/* How many bytes of a character begin here, 0 when it is not a whole valid one; *bad is how many are wrong together. */
static size_t character(const uint8_t *at, size_t left, size_t *bad) {
  uint8_t first = at[0], low = 0x80, high = 0xbf;
  size_t needed;
  *bad = 1;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) needed = 2;
  else if (first >= 0xe0 && first <= 0xef) needed = 3;
  else if (first >= 0xf0 && first <= 0xf4) needed = 4;
  else return 0;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  for (size_t index = 1; index < needed; index++) {
    if (index >= left || at[index] < low || at[index] > high) {
      *bad = index;
      return 0;
    }
    low = 0x80;
    high = 0xbf;
  }
  return needed;
}

static const uint8_t REPLACEMENT[3] = {0xef, 0xbf, 0xbd};

JSValue native_decode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  size_t length = 0, bad;
  const uint8_t *bytes = argc > 0 ? bytes_of(ctx, &length, argv[0]) : NULL;
  if (!bytes) return JS_EXCEPTION;
  size_t valid = 0;
  while (valid < length) {
    size_t count = character(bytes + valid, length - valid, &bad);
    if (count == 0) break;
    valid += count;
  }
  if (valid == length) return JS_NewStringLen(ctx, (const char *)bytes, length);
  uint8_t *mended = js_malloc(ctx, length * 3);
  if (!mended) return JS_EXCEPTION;
  size_t to = 0;
  for (size_t at = 0; at < length;) {
    size_t count = character(bytes + at, length - at, &bad);
    memcpy(mended + to, count ? bytes + at : REPLACEMENT, count ? count : 3);
    to += count ? count : 3;
    at += count ? count : bad;
  }
  JSValue text = JS_NewStringLen(ctx, (const char *)mended, to);
  js_free(ctx, mended);
  return text;
}

/* The engine writes half of a surrogate pair as three bytes of its own; they make room for exactly one U+FFFD. */
static void replace_halves(uint8_t *bytes, size_t length) {
  for (size_t at = 0; at + 2 < length; at++) {
    if (bytes[at] == 0xed && bytes[at + 1] >= 0xa0) memcpy(bytes + at, REPLACEMENT, 3);
  }
}

JSValue native_encode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this;
  (void)argc;
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
  if (!text) return JS_EXCEPTION;
  JSValue buffer = JS_NewArrayBufferCopy(ctx, (const uint8_t *)text, length);
  JS_FreeCString(ctx, text);
  if (JS_IsException(buffer)) return buffer;
  size_t size;
  uint8_t *bytes = JS_GetArrayBuffer(ctx, &size, buffer);
  if (bytes) replace_halves(bytes, length);
  JSValueConst whole[] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
  JSValue array = JS_NewTypedArray(ctx, 3, whole, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(ctx, buffer);
  return array;
}
