import { addressesIn, addressText, OPTION, type Options, sameBytes } from './options.ts';

/** A route that a server names; addresses as their bytes. */
export interface LeasedRoute {
  readonly destination: Uint8Array;
  readonly length: number;
  readonly router: Uint8Array;
  /** Whether the destination is on the link itself. */
  readonly onLink: boolean;
}

const ANY = new Uint8Array(4);
/** That of IPv6. */
const LONGEST_MASK_BYTES = 16;

/** The routes of a lease: those with lengths alone when there are any, else those of old and the first router. */
export function routesOf(options: Options): readonly LeasedRoute[] {
  const classless = options.get(OPTION.classlessRoutes);
  if (classless !== undefined) return classlessRoutes(classless);
  const routes: LeasedRoute[] = [];
  const pairs = addressesIn(options, OPTION.staticRoutes);
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const [destination, router] = [pairs[at] ?? ANY, pairs[at + 1] ?? ANY];
    routes.push({ destination, length: classfulLength(destination), router, onLink: false });
  }
  const [router] = addressesIn(options, OPTION.routers);
  if (router !== undefined) routes.push({ destination: ANY, length: 0, router, onLink: false });
  return routes;
}

/** Length, as many bytes of the destination as that needs, and the router: RFC 3442. */
function classlessRoutes(data: Uint8Array): readonly LeasedRoute[] {
  const routes: LeasedRoute[] = [];
  for (let at = 0; at < data.length; ) {
    const length = data[at] ?? 0;
    const bytes = Math.ceil(length / 8);
    const end = at + 1 + bytes + 4;
    if (length > 32 || end > data.length) return routes;
    const destination = new Uint8Array(4);
    destination.set(data.subarray(at + 1, at + 1 + bytes));
    const router = data.slice(end - 4, end);
    routes.push({ destination, length, router, onLink: sameBytes(router, ANY) });
    at = end;
  }
  return routes;
}

/** What a network's length was before it was written beside it. */
function classfulLength([first = 0]: Uint8Array): number {
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/** A mask as the length of a prefix; `undefined` when its ones are not together. */
export function lengthOfMask(mask: Uint8Array): number | undefined {
  if (mask.length > LONGEST_MASK_BYTES) return undefined;
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}

/** A prefix as text. */
export function prefixText(address: Uint8Array, length: number): string {
  return `${addressText(address)}/${length}`;
}
