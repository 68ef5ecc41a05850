/** Version of the suite, from package.json; set when the executable is built. */
declare const CNI_TS_VERSION: string;

/** Short git commit of the source, `-dirty` appended for a changed tree, `unknown` without git; set when built. */
declare const CNI_TS_COMMIT: string;

/** What the plugins' ordinary configurations look like, by the plugin's name; set when the executable is built. */
declare const CNI_TS_SHAPES: Readonly<Record<string, import('./pkg/config/shape.ts').ObjectShape>>;
