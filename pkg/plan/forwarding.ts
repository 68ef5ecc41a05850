import { attributesOf, request, u32 } from '../rtnl/message.ts';
import { RtnlSocket } from '../rtnl/socket.ts';
import { libc } from '../sys/libc.ts';
import type { WorkAction } from './action.ts';
import { sysctlAction } from './sysctl.ts';

const RTM_GETNETCONF = 82;
const NETCONFA_IFINDEX = 1;
const NETCONFA_FORWARDING = 2;
const NETCONFA_IFINDEX_ALL = 0xffff_ffff;
/** The family, padded. */
const HEADER_BYTES = 4;

/** The settings that let packets of a family through, and its number. */
const FAMILIES = { 'net/ipv4/ip_forward': 2, 'net/ipv6/conf/all/forwarding': 10 } as const;

/** A setting without which packets of a family end here. */
export type ForwardingSetting = keyof typeof FAMILIES;

/**
 * Has packets let through. It nearly always is so already, and netlink tells that for every namespace in the same time;
 * the file of the setting has to be found among those of all.
 */
export function forwardingAction(setting: ForwardingSetting): WorkAction {
  const change = sysctlAction(setting, '1');
  return {
    ...change,
    run: (context) => (context.place.isOwn() && isForwarding(FAMILIES[setting]) ? {} : change.run(context)),
  };
}

function isForwarding(family: number): boolean {
  const c = libc();
  if (c === undefined) return false;
  const socket = new RtnlSocket(c);
  try {
    const all = u32(NETCONFA_IFINDEX_ALL);
    const question = request(RTM_GETNETCONF, 0, Uint8Array.of(family, 0, 0, 0), [[NETCONFA_IFINDEX, all]]);
    const [answer] = socket.exchange(question);
    return (
      answer !== undefined && attributesOf(answer.body, HEADER_BYTES).get(NETCONFA_FORWARDING)?.getInt32(0, true) === 1
    );
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
