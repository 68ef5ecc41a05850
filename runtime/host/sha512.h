/* SHA-512, which names of chains are made of. */
#ifndef CNI_TS_SHA512_H
#define CNI_TS_SHA512_H

#include "quickjs.h"

/* Native.sha512(bytes): an ArrayBuffer of 64 bytes. */
JSValue native_sha512(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

#endif
