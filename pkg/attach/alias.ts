import type { Netns } from '../netns/netns.ts';
import { quote, type WorkAction } from '../plan/action.ts';
import type { RunOptions } from '../plan/executor.ts';
import { nativeDriver } from '../plan/native-driver.ts';
import { IFLA, LINK, linkHeader } from '../rtnl/link/message.ts';
import { FLAG, request, textBytes } from '../rtnl/message.ts';
import { RtnlSocket } from '../rtnl/socket.ts';
import { libc } from '../sys/libc.ts';
import { CniError, ErrorCode } from '../types/error.ts';

/**
 * The action of giving a link any alias, or none with ''. People write what they like into one, so it is not a word
 * of an `ip` command.
 */
export function aliasAction(link: string, alias: string, { driver = nativeDriver }: RunOptions): WorkAction {
  return {
    kind: 'alias',
    print: (place) => [[...place.prefix, ...argvFor(link, alias)].map(quoted).join(' ')],
    async run({ place, timeoutMs }) {
      const c = driver === nativeDriver && place.canEnter ? libc() : undefined;
      if (c === undefined) await byProgram(place, link, alias, timeoutMs);
      else {
        const socket = RtnlSocket.in(place, c);
        try {
          const attributes = [
            [IFLA.ifname, textBytes(link)],
            [IFLA.ifalias, new TextEncoder().encode(alias)],
          ] as const;
          socket.exchange(request(LINK.add, FLAG.ack, linkHeader(0), attributes));
        } finally {
          socket.close();
        }
      }
      return {};
    },
  };
}

function argvFor(link: string, alias: string): [string, ...string[]] {
  return ['ip', 'link', 'set', 'dev', link, 'alias', alias];
}

async function byProgram(place: Netns, link: string, alias: string, timeoutMs: number): Promise<void> {
  const { status, stderr } = await place.start({ argv: argvFor(link, alias), timeoutMs }).outcome();
  if (status === 0) return;
  throw new CniError(ErrorCode.internal, stderr.trim() || `ip ended with ${status ?? 'a signal'}`);
}

function quoted(word: string): string {
  return word === '' ? "''" : quote(word);
}
