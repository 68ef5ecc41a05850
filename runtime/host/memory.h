/* Memory for a process that is nearly always over within milliseconds. */
#ifndef CNI_TS_MEMORY_H
#define CNI_TS_MEMORY_H

#include "quickjs.h"

/* Small pieces come from one block after another and are kept for the next of their size; large ones are malloc's. */
extern const JSMallocFunctions MEMORY;

#endif
