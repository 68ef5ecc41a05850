/* What takes the kernel long and nobody needs to wait for: a child does that, and outlives the process if it must. */
#ifndef CNI_TS_CHILD_H
#define CNI_TS_CHILD_H

#include "quickjs.h"

/* Native.sendByChild(fd, steps): the child's pid, or -errno. */
JSValue native_send_by_child(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

#endif
