/** For the sanitizers; the program leaves what it has to the kernel when it ends. */
export const ENVIRONMENT = { ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' };
