/** The package is the stand-alone form of Node's own, and has the same types. */
declare module '@pkgjs/parseargs' {
  export { parseArgs } from 'node:util';
}
