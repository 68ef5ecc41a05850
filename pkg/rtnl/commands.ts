import type { IpCommand } from '../ip/command.ts';
import { addressAdd, addressDel } from './address/change.ts';
import { addressShow } from './address/show.ts';
import { linkAdd } from './link/add.ts';
import { linkDel, linkSet } from './link/set.ts';
import { linkShow } from './link/show.ts';
import { routeChange } from './route/change.ts';
import { routeGet, routeShow } from './route/show.ts';
import type { RtnlSocket } from './socket.ts';

/** A command that needs no `ip`: carried out over a socket in its namespace, it gives what `ip -j` would print. */
export type NativeCommand = (socket: RtnlSocket) => unknown;

/** Reads the words of commands that few plugins need: only those load it. */
export type FormReader = (command: IpCommand) => NativeCommand | undefined;

/**
 * The native form of a command; `undefined` when there is none, and then `ip` has to do it.
 *
 * Only forms that plugins write are known, to the letter: everything else is `ip`'s to understand.
 */
export function nativeForm({ options, words }: IpCommand): NativeCommand | undefined {
  const [object, verb] = words;
  const [option] = options;
  if (options.length > 1) return undefined;
  if (verb === 'show') {
    if (object === 'route') return routeShow(words, option);
    if (option !== undefined && option !== '-d') return undefined;
    if (object === 'link') return linkShow(words, option === '-d');
    return object === 'addr' ? addressShow(words, option === '-d') : undefined;
  }
  if (option !== undefined) return undefined;
  if (object === 'link') {
    if (verb === 'set') return linkSet(words);
    return verb === 'add' ? linkAdd(words) : verb === 'del' ? linkDel(words) : undefined;
  }
  if (object === 'addr') return verb === 'add' ? addressAdd(words) : verb === 'del' ? addressDel(words) : undefined;
  if (object !== 'route') return undefined;
  return verb === 'get' ? routeGet(words) : routeChange(words);
}
