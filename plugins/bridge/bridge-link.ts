import { addressCommand } from '../../pkg/attach/layer3.ts';
import { isKind, isZeroMac, portsOf, type ShownLink } from '../../pkg/attach/links.ts';
import { type IpCommand, type IpPart, ip } from '../../pkg/ip/command.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { ipAction, printAction, type WorkAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { FolderLock } from '../../pkg/sys/files/folder-lock.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { BridgeSettings } from './settings.ts';

/** What several containers share, and how to know whether they do. */
export interface SharedBridge {
  readonly settings: BridgeSettings;
  /** The bridge as it was found; `undefined` when there was none. */
  readonly found: ShownLink | undefined;
  readonly lock: FolderLock | undefined;
  readonly options: RunOptions;
  /** A port that is this attachment's own already, and so is nobody else's. */
  readonly ownPort?: string;
}

/** Refuses a link of another kind that has the bridge's name. */
export function refuseOtherKind(name: string, found: ShownLink | undefined): void {
  if (found === undefined || isKind(found, 'bridge')) return;
  const kind = found.linkinfo?.info_kind ?? 'device without a kind';
  throw new CniError(
    ErrorCode.internal,
    `failed to create bridge "${name}": "${name}" already exists but is not a bridge`,
    `found a ${kind}; rename it, or choose another name with the key "bridge"`,
  );
}

/** The steps after which the bridge is there and up. An existing one keeps its MAC, its MTU and its VLAN filter. */
export function planBridge(plan: Plan, shared: SharedBridge): void {
  const { settings, found } = shared;
  const { bridge, mtu, vlans, promiscuous } = settings;
  const failing = `failed to set "${bridge}" up`;
  if (found === undefined) {
    plan.host(
      ip`link add name ${bridge} ${mtu > 0 ? ip.part`mtu ${mtu}` : ip.none} type bridge ${
        vlans === undefined ? ip.none : ip.part`vlan_filtering 1`
      }`,
      {
        // Another first container may have been quicker.
        tolerate: ['EEXIST'],
        undo: unlessUsed(shared, ip`link del dev ${bridge}`),
        failing: `failed to create bridge "${bridge}": could not add "${bridge}"`,
      },
    );
    plan.do(ownNetns(), settingUp(shared), { failing });
  } else if (!found.flags.includes('UP') || (promiscuous && !found.flags.includes('PROMISC'))) {
    plan.host(ip`link set dev ${bridge} ${upWith(settings)}`, { failing });
  }
  plan.sysctl(ownNetns(), `net/ipv6/conf/${bridge}/accept_ra`, '0', { optional: true });
}

function upWith({ promiscuous }: BridgeSettings): IpPart {
  return promiscuous ? ip.part`promisc on up` : ip.part`up`;
}

/**
 * Sets a new bridge up and gives it the MAC that it has, so that it does not take that of whichever port comes first, and
 * no other program gives it one. Made with a MAC, or given another one, it would have no carrier, and so no IPv6 address
 * of its own, as long as no port has any.
 */
function settingUp({ settings, options }: SharedBridge): WorkAction {
  const { bridge } = settings;
  return {
    kind: 'bridge',
    print: ({ prefix }) => {
      const words = [...prefix, `ip link set dev ${bridge} address "$(cat /sys/class/net/${bridge}/address)"`];
      return [[...words, ...upWith(settings).words].join(' ')];
    },
    async run({ place }) {
      const look = new Plan().do(place, ipAction(ip`link show dev ${bridge}`), { capture: bridge });
      const [link] = (await runPlan(look, options)).captures.get(bridge) as readonly ShownLink[];
      const address = link === undefined || isZeroMac(link.address) ? ip.none : ip.part`address ${link.address}`;
      await runPlan(new Plan().do(place, ipAction(ip`link set dev ${bridge} ${address} ${upWith(settings)}`)), options);
      return {};
    },
  };
}

/** The step that gives a link of the host the address of a gateway. */
export function planGatewayAddress(plan: Plan, shared: SharedBridge, link: string, address: string): void {
  plan.host(addressCommand(address, link), {
    tolerate: ['EEXIST'],
    undo: unlessUsed(shared, ip`addr del ${address} dev ${link}`),
    failing: `failed to set bridge addr: could not add IP address to "${link}"`,
  });
}

/** The step that takes an address away that no container uses. */
export function planAddressRemoval(plan: Plan, shared: SharedBridge, link: string, address: string): void {
  plan.host(ip`addr del ${address} dev ${link}`, {
    tolerate: ['EADDRNOTAVAIL'],
    undo: unlessUsed(shared, addressCommand(address, link)),
    failing: `failed to remove the address ${address} from "${link}"`,
  });
}

/**
 * An undo that is left out when another container came to the bridge meanwhile: what it uses has to stay.
 *
 * @param newPort a port that does not count
 */
export function unlessUsed(shared: SharedBridge, command: IpCommand, newPort = ''): WorkAction {
  const { settings, lock, options, ownPort = '' } = shared;
  return {
    kind: 'shared',
    print: (place) => printAction(ipAction(command), place),
    async run() {
      // Whoever is just coming holds the lock as well, with no port to be seen yet.
      if (lock?.tryAlone() === false) return {};
      const ports = await portsOf(settings.bridge, options);
      const gone = { tolerate: ['ENODEV', 'EADDRNOTAVAIL', 'EEXIST'] } as const;
      if (ports.every(({ ifname }) => ifname === newPort || ifname === ownPort))
        await runPlan(new Plan().host(command, gone), undoOptions(options));
      return {};
    },
  };
}

/** Taking back goes on when the process is asked to end. */
function undoOptions({ trace, driver }: RunOptions): RunOptions {
  return { trace, ...(driver === undefined ? {} : { driver }) };
}
