/* What takes the kernel a while and has to be over before the process is: a second thread does that meanwhile. */
#ifndef CNI_TS_THREAD_H
#define CNI_TS_THREAD_H

#include "quickjs.h"

/* Native.openInThread(path): a number for Native.join, or -errno. */
JSValue native_open_in_thread(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

/* Native.sendInThread(fd, bytes): a number for Native.join, or -errno. */
JSValue native_send_in_thread(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

/* Native.join(number): waits for the result, a descriptor, a length or -errno. */
JSValue native_join(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);

#endif
