/* Which build a file is of. */
#ifndef CNI_TS_BUILD_H
#define CNI_TS_BUILD_H

#include "quickjs.h"

/* Native.buildOf(path): a text that all whole files of one build share, undefined for any other program. */
JSValue native_build_of(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

#endif
