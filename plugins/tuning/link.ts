import { type IpCommand, ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ipAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';

/** Settings of an interface as they are found and put back; the names are those of the file that keeps them. */
export interface LinkState {
  readonly mac?: string;
  readonly promisc?: boolean;
  readonly mtu?: number;
  readonly allmulti?: boolean;
  readonly txQLen?: number;
}

/** An interface as it is. */
export interface FoundLink extends Required<LinkState> {
  /** How many ask for it to be promiscuous; `promisc` tells whether it was set by hand. */
  readonly promiscuity: number;
}

interface Shown {
  readonly address?: string;
  readonly mtu: number;
  readonly txqlen?: number;
  readonly flags: readonly string[];
  readonly promiscuity: number;
}

/** Looks at an interface; `undefined` when it is not there. */
export async function findLink(netns: Netns, ifName: string, options: RunOptions): Promise<FoundLink | undefined> {
  const plan = new Plan().do(netns, ipAction(ip`-d link show dev ${ifName}`), {
    capture: 'link',
    tolerate: ['ENODEV'],
  });
  const { captures } = await runPlan(plan, options);
  const shown = captures.get('link');
  const [link] = Array.isArray(shown) ? (shown as readonly Shown[]) : [];
  if (link === undefined) return undefined;
  return {
    mac: link.address ?? '',
    promisc: link.promiscuity > 0,
    promiscuity: link.promiscuity,
    mtu: link.mtu,
    allmulti: link.flags.includes('ALLMULTI'),
    txQLen: link.txqlen ?? 0,
  };
}

/** The error for an interface that has to be there. */
export function missingLink(message: string, netns: Netns, ifName: string): CniError {
  return new CniError(
    ErrorCode.internal,
    message,
    `namespace ${netns.label} has no interface ${ifName}; expected the one that an earlier plugin of the list has made`,
  );
}

/** The command that changes one setting. */
export function settingCommand<Key extends keyof LinkState>(
  ifName: string,
  key: Key,
  value: LinkState[Key],
): IpCommand {
  const onOff = value === true ? 'on' : 'off';
  switch (key) {
    case 'mac':
      return ip`link set dev ${ifName} address ${String(value)}`;
    case 'promisc':
      return ip`link set dev ${ifName} promisc ${onOff}`;
    case 'mtu':
      return ip`link set dev ${ifName} mtu ${Number(value)}`;
    case 'allmulti':
      return ip`link set dev ${ifName} allmulticast ${onOff}`;
    default:
      return ip`link set dev ${ifName} txqueuelen ${Number(value)}`;
  }
}
