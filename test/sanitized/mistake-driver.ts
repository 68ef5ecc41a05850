import { bindFunctions } from '../../pkg/sys/libc.ts';

// More than there is room for.
const { symbols } = bindFunctions('getrandom');
symbols.getrandom(new Uint8Array(8), 200, 0);
