import { ip } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import type { WorkAction } from '../plan/action.ts';
import type { RunOptions } from '../plan/executor.ts';
import { listen, NEWS_GROUP } from '../rtnl/news.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { lookAt, type ShownAddress, type ShownLink } from './links.ts';

/** Waits until a link is up for frames; gives it as it was seen last, `undefined` when it is not there. */
export async function waitUntilUp(
  place: Netns,
  link: string,
  timeoutMs: number,
  options: RunOptions,
): Promise<ShownLink | undefined> {
  const look = () => shown(place, link, options);
  return waitFor(place, NEWS_GROUP.links, look, (found) => found?.operstate === 'UP', timeoutMs);
}

/** How long the search for duplicates may take. */
const SETTLE_MS = 5000;

const ASKED_FOR = '"enabledad" is true';

/** The action of waiting until the kernel has found no duplicate of a link's IPv6 addresses. */
export function settleAction(link: string, options: RunOptions, why = ASKED_FOR): WorkAction {
  return {
    kind: 'wait',
    print: (place) => {
      const look = [...place.prefix, `ip -6 addr show dev ${link} tentative`].join(' ');
      return [`while ${look} | grep -q inet6; do sleep 0.1; done`];
    },
    async run({ place }) {
      const look = async () => given(await shown(place, link, options));
      const isDecided = (addresses: readonly ShownAddress[]) =>
        addresses.every(({ tentative, dadfailed }) => dadfailed === true || tentative !== true);
      const addresses = await waitFor(place, NEWS_GROUP.ipv6Addresses, look, isDecided, SETTLE_MS);
      const taken = addresses.find(({ dadfailed }) => dadfailed === true);
      if (taken !== undefined) throw unsettled(link, why, `link ${link} has address ${taken.local} in DADFAILED state`);
      if (!isDecided(addresses)) {
        throw unsettled(link, why, `link ${link} still has tentative addresses after ${SETTLE_MS / 1000} seconds`);
      }
      return {};
    },
  };
}

async function waitFor<T>(
  place: Netns,
  group: number,
  look: () => Promise<T>,
  isReached: (found: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  const news = listen(place, group);
  try {
    for (;;) {
      const found = await look();
      const left = deadline - performance.now();
      if (isReached(found) || left <= 0) return found;
      await news.next(left);
    }
  } finally {
    news.close();
  }
}

async function shown(place: Netns, link: string, options: RunOptions): Promise<ShownLink | undefined> {
  const [found] = await lookAt([{ place, command: ip`addr show dev ${link}` }], options);
  return found;
}

/** The kernel's own address of the link is not ours to wait for. */
function given(link: ShownLink | undefined): readonly ShownAddress[] {
  return (link?.addr_info ?? []).filter(({ family, scope }) => family === 'inet6' && scope !== 'link');
}

function unsettled(link: string, why: string, what: string): CniError {
  return new CniError(
    ErrorCode.internal,
    `failed to settle addresses for "${link}": ${what}`,
    `the kernel looks for duplicates because ${why}`,
  );
}
