import { randomMac } from '../../pkg/attach/identity.ts';
import { type Layer3, planLayer3 } from '../../pkg/attach/layer3.ts';
import { isKind, linkIn, lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { type IpCommand, ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ipAction, quote, type WorkAction } from '../../pkg/plan/action.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { thrownText } from '../../pkg/sys/errno.ts';
import { overwriteFile } from '../../pkg/sys/files/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { TapConf } from './schema.ts';
import type { TapSettings } from './settings.ts';

/** A call of ADD. */
export type AddCall = AttachmentCall<TapConf>;

/** Everything that is decided before anything is done. */
interface NewTap {
  readonly call: AddCall;
  readonly settings: TapSettings;
  readonly netns: Netns;
  readonly mac: string;
}

/** Looks at what is in the container, and refuses what is in the way. */
export async function newTap(call: AddCall, settings: TapSettings, netns: Netns, options: RunOptions): Promise<NewTap> {
  const { bridge } = settings;
  const wanted = [linkIn(netns, call.ifName), ...(bridge === '' ? [] : [linkIn(netns, bridge)])];
  const [same, found] = await lookAt(wanted, options);
  if (same !== undefined) throw takenError(call, same);
  if (bridge !== '') refuseNoBridge(call, bridge, found);
  return { call, settings, netns, mac: settings.mac ?? randomMac() };
}

function takenError({ ifName, netns }: AddCall, { linkinfo, address }: ShownLink): CniError {
  return new CniError(
    ErrorCode.internal,
    `failed to create tap: "${ifName}" already exists`,
    `namespace ${netns} has a link ${ifName} already (${linkinfo?.info_kind ?? 'a device'}, ${address}); expected none. ` +
      'Either this container was added before and never removed, or two networks use the same interface name',
  );
}

function refuseNoBridge({ netns }: AddCall, bridge: string, found: ShownLink | undefined): void {
  if (found !== undefined && isKind(found, 'bridge')) return;
  const why =
    found === undefined ? 'Link not found' : `it is a ${found.linkinfo?.info_kind ?? 'device without a kind'}`;
  throw new CniError(
    ErrorCode.internal,
    `failed to get bridge ${bridge}: ${why}`,
    `the bridge has to be in the container's namespace, ${netns}; an earlier plugin of the list has to make it`,
  );
}

/** The steps that make the device. It is up before it has an address, as with the reference. */
export function planTap({ call, settings, netns, mac }: NewTap): Plan {
  const { ifName } = call;
  const { mtu, bridge, selinuxContext } = settings;
  const create = ip`tuntap add dev ${ifName} mode tap ${flagsOf(settings)}`;
  const plan = new Plan().do(netns, selinuxContext === '' ? ipAction(create) : labelledAction(selinuxContext, create), {
    undo: ip`link del dev ${ifName}`,
    failing: selinuxContext === '' ? 'failed to create tap' : '',
  });
  plan.inside(netns, ip`link set dev ${ifName} ${mtu > 0 ? ip.part`mtu ${mtu}` : ip.none} address ${mac}`, {
    failing: `failed to set MTU or MAC of tap "${ifName}"`,
  });
  if (bridge !== '') {
    plan.inside(netns, ip`link set dev ${ifName} master ${bridge}`, {
      failing: `failed to set tap ${ifName} as a port of bridge ${bridge}`,
    });
  }
  return plan.inside(netns, ip`link set dev ${ifName} up`, { failing: `failed to set "${ifName}" UP` });
}

/**
 * What the device is like until a program opens it, which says anew what it wants: as the reference leaves it, which
 * makes one with owner and group by other means than one without.
 */
function flagsOf({ owner, group, multiQueue, selinuxContext }: TapSettings) {
  const user = owner === undefined ? ip.none : ip.part`user ${owner}`;
  const members = group === undefined ? ip.none : ip.part`group ${group}`;
  const queues = multiQueue ? ip.part`multi_queue` : ip.none;
  if (owner === undefined || group === undefined || selinuxContext !== '') return ip.part`${user} ${members} ${queues}`;
  return multiQueue ? ip.part`${user} ${members} vnet_hdr ${queues}` : ip.part`${user} ${members} pi vnet_hdr`;
}

/** The steps that give the device its addresses. */
export function planAddresses({ call, netns }: NewTap, layer3: Layer3): Plan {
  const plan = new Plan().sysctl(netns, `net/ipv4/conf/${call.ifName}/arp_notify`, '1', {
    optional: true,
    fresh: true,
  });
  planLayer3(plan, netns, call.ifName, layer3);
  return plan;
}

/** What the runtime is told of an attachment. */
export function resultOf({ call, settings, mac }: NewTap, layer3: Layer3 | undefined): Result {
  const { dns } = settings;
  return {
    interfaces: [{ name: call.ifName, mac, sandbox: call.netns }],
    ...(layer3 === undefined ? {} : { ips: [...layer3.ips], routes: [...layer3.routes] }),
    ...(dns === undefined ? {} : { dns }),
  };
}

/** Where a thread says in which context the next program that it starts shall be. */
const NEXT_PROGRAM = '/proc/thread-self/attr/exec';

/** The action of running an `ip` command in an SELinux context, which is what it makes then has too. */
function labelledAction(context: string, command: IpCommand): WorkAction {
  return {
    kind: 'labelled',
    print: (place) => [[...place.prefix, 'runcon', context].map(quote).concat(command.toString()).join(' ')],
    async run({ place, timeoutMs }) {
      try {
        overwriteFile(NEXT_PROGRAM, context);
      } catch (thrown) {
        throw new CniError(
          ErrorCode.internal,
          `failed set socket label: ${thrownText(thrown)}`,
          `"selinuxContext" is ${JSON.stringify(context)}; \`getenforce\` tells whether this node has SELinux, ` +
            '`runcon CONTEXT true` whether it knows the context',
          { cause: thrown },
        );
      }
      let running: ReturnType<typeof place.start>;
      try {
        running = place.start({ argv: ['ip', ...command.options, ...command.words], timeoutMs });
      } finally {
        // It has been started, or it never will be; later programs are in our own context again.
        overwriteFile(NEXT_PROGRAM, '');
      }
      const { status, stderr } = await running.outcome();
      if (status !== 0) {
        throw new CniError(ErrorCode.internal, `failed to create tap: ${stderr.trim() || `ip ended with ${status}`}`);
      }
      return {};
    },
  };
}
