import { bodiesOf, request } from '../rtnl/message.ts';
import { ROUTE, ROUTE_TYPES, RTA, RTMSG_BYTES } from '../rtnl/route/message.ts';
import { RtnlError, type RtnlSocket } from '../rtnl/socket.ts';
import { readAddress } from '../rtnl/words.ts';

const TYPE_AT = 7;

/** The addresses that the kernel takes for the host's own: what the rules of mappings go by as well. */
export class LocalAddresses {
  readonly #open: () => RtnlSocket;
  readonly #known = new Map<string, boolean>();
  #socket: RtnlSocket | undefined;

  /** `open` opens a socket for routes, in the namespace that is meant; not before it is needed. */
  constructor(open: () => RtnlSocket) {
    this.#open = open;
  }

  has(address: string): boolean {
    let isLocal = this.#known.get(address);
    if (isLocal === undefined) {
      isLocal = this.#ask(address);
      this.#known.set(address, isLocal);
    }
    return isLocal;
  }

  close(): void {
    this.#socket?.close();
  }

  #ask(text: string): boolean {
    const address = readAddress(text);
    if (address === undefined) return false;
    this.#socket ??= this.#open();
    const header = new Uint8Array(RTMSG_BYTES);
    header[0] = address.family;
    header[1] = address.bytes.length * 8;
    try {
      const answer = this.#socket.exchange(request(ROUTE.get, 0, header, [[RTA.dst, address.bytes]]));
      const [route] = bodiesOf(answer, RTMSG_BYTES);
      return route !== undefined && ROUTE_TYPES[route.getUint8(TYPE_AT)] === 'local';
    } catch (thrown) {
      // Where there is no way to, it is not here either.
      if (thrown instanceof RtnlError) return false;
      throw thrown;
    }
  }
}
