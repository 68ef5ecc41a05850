if (typeof Native === 'undefined') throw new Error('this is for the executable only');

/** What the executable's host gives; where this module is loaded it is always there. */
export const host: NativeRuntime = Native;
