/* Requests whose end takes the kernel long, and which a child waits for. */
#ifndef CNI_TS_ERRAND_H
#define CNI_TS_ERRAND_H

#include "quickjs.h"

/* Native.sendByChild(fd, bytes): the child's pid, or -errno. */
JSValue native_send_by_child(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

#endif
