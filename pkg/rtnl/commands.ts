import type { IpCommand } from '../ip/command.ts';
import { showAddresses } from './address.ts';
import { setLinkUp, showLink } from './link.ts';
import type { RtnlSocket } from './socket.ts';

/** A command that needs no `ip`: carried out over a socket in its namespace, it gives what `ip -j` would print. */
export type NativeCommand = (socket: RtnlSocket) => unknown;

/**
 * The native form of a command; `undefined` when there is none, and then `ip` has to do it.
 *
 * Only forms that plugins write are known, to the letter: everything else is `ip`'s to understand.
 */
export function nativeForm({ options, words }: IpCommand): NativeCommand | undefined {
  const [object, verb, dev, name, action] = words;
  if (options.length > 0 || dev !== 'dev' || name === undefined) return undefined;
  if (object === 'addr' && verb === 'show' && words.length === 4) {
    return (socket) => {
      const link = showLink(socket, name);
      return [{ ...link, addr_info: showAddresses(socket, link.ifindex) }];
    };
  }
  if (object === 'link' && verb === 'set' && words.length === 5 && (action === 'up' || action === 'down')) {
    return (socket) => setLinkUp(socket, name, action === 'up');
  }
  return undefined;
}
