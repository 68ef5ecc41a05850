/* UTF-8, as the web's encoding standard has it: what is wrong becomes U+FFFD. */
#ifndef CNI_TS_TEXT_H
#define CNI_TS_TEXT_H

#include "quickjs.h"

/* Native.decode(bytes): text. */
JSValue native_decode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

/* Native.encode(text): bytes. */
JSValue native_encode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

/* The bytes of a typed array or an ArrayBuffer; NULL, with an exception, for anything else. */
uint8_t *bytes_of(JSContext *ctx, size_t *length, JSValueConst value);

#endif
