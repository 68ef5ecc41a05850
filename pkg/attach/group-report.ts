import { readMac } from '../rtnl/words.ts';
import { multicastFrame } from './frame.ts';

/** ff02::16, where bridges and routers listen for what others listen to. */
const LISTENERS = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16] as const;
/** ICMPv6 comes next, and routers should look although it is not for them; then padding. */
const ROUTER_ALERT = [58, 0, 5, 2, 0, 0, 1, 0] as const;
const REPORT = 143;
/** From now on everything that is sent to the group is wanted. */
const CHANGE_TO_EXCLUDE_NOTHING = [4, 0, 0, 0] as const;
const LINK_SCOPE = 2;
/** ff02::1, to which all listen. */
const ALL_NODES = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] as const;

/** Says which groups a link listens to, as the kernel would say it; `undefined` when there is none to tell of. */
export function groupReport(mac: string, isNamedByMac: boolean, groups: readonly Uint8Array[]): Uint8Array | undefined {
  const sender = readMac(mac);
  const records: number[] = [];
  let count = 0;
  for (const group of groups) {
    if (!isReported(group)) continue;
    records.push(...CHANGE_TO_EXCLUDE_NOTHING, ...group);
    count += 1;
  }
  if (sender === undefined || count === 0) return undefined;
  const message = [REPORT, 0, 0, 0, 0, 0, count >> 8, count & 255, ...records];
  return multicastFrame(sender, isNamedByMac, { destination: LISTENERS, hopLimit: 1, options: ROUTER_ALERT, message });
}

function isReported(group: Uint8Array): boolean {
  if (((group[1] ?? 0) & 0xf) < LINK_SCOPE) return false;
  for (const [at, byte] of ALL_NODES.entries()) if (group[at] !== byte) return true;
  return false;
}
