/** Version of the suite, from package.json; set when the executable is built. */
declare const CNI_TS_VERSION: string;

/** Short git commit of the source, `-dirty` appended for a changed tree, `unknown` without git; set when built. */
declare const CNI_TS_COMMIT: string;
