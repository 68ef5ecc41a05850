import { aliasAction } from '../../pkg/attach/alias.ts';
import { randomLinkName } from '../../pkg/attach/identity.ts';
import type { ShownLink } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { HostDevice } from './find.ts';

/** A device that goes into a container. */
export interface MoveIn {
  readonly host: HostDevice;
  readonly netns: Netns;
  readonly ifName: string;
  /** Whether the container has another link with the device's name, so that it must travel under a third one. */
  readonly isNameTaken: boolean;
  readonly options: RunOptions;
}

/**
 * The steps that give a device to a container. First of all it is marked with its name, as the reference does: whatever
 * happens then, and wherever it turns up, it says what it was called.
 */
export function planMoveIn({ host, netns, ifName, isNameTaken, options }: MoveIn): Plan {
  const { link, device } = host;
  const { ifname: name } = link;
  const isUp = link.flags.includes('UP');
  const moved = isNameTaken ? randomLinkName() : name;
  const plan = new Plan().host(ip`link set dev ${name} alias ${device}`, {
    undo: aliasAction(name, link.ifalias ?? '', options),
    failing: `failed to set alias to "${name}"`,
  });
  if (isUp) {
    plan.host(ip`link set dev ${name} down`, {
      undo: ip`link set dev ${name} up`,
      failing: `failed to set "${name}" down`,
    });
  }
  if (moved !== name) {
    plan.host(ip`link set dev ${name} name ${moved}`, {
      undo: ip`link set dev ${moved} name ${name}`,
      failing: `failed to rename host device "${name}" to "${moved}"`,
    });
  }
  plan.host(ip`link set dev ${moved} netns ${netns.path}`, {
    undo: ip`link set dev ${moved} netns ${ownNetns().path}`,
    undoIn: netns,
    failing: `failed to move link failed to move "${ifName}" (host: "${name}") to container NS`,
  });
  if (moved !== ifName) {
    plan.inside(netns, ip`link set dev ${moved} name ${ifName}`, {
      // By then it is up, and not every kernel renames a link that is.
      undo: [ip`link set dev ${ifName} down`, ip`link set dev ${ifName} name ${moved}`],
      failing: `failed to move link failed to rename host device "${name}" to "${ifName}"`,
    });
  }
  return plan.inside(netns, ip`link set dev ${ifName} up`, {
    failing: `failed to move link failed to set "${ifName}" up`,
  });
}

/** A device that comes back from a container. */
export interface MoveOut {
  /** As it is in the container. */
  readonly link: ShownLink;
  readonly netns: Netns;
  /** The name that it is to have on the host. */
  readonly device: string;
  readonly isNameTaken: boolean;
  /** What it had on the host. */
  readonly alias: string;
  readonly wasUp: boolean;
  readonly options: RunOptions;
}

/** The steps that take a device back. It comes to the host under its name, so that nobody there names it otherwise. */
export function planMoveOut({ link, netns, device, isNameTaken, alias, wasUp, options }: MoveOut): Plan {
  const { ifname: name } = link;
  const moved = isNameTaken ? randomLinkName() : device;
  const plan = new Plan();
  if (link.flags.includes('UP')) {
    plan.inside(netns, ip`link set dev ${name} down`, {
      undo: ip`link set dev ${name} up`,
      failing: `failed to set "${name}" down`,
    });
  }
  if (moved !== name) {
    plan.inside(netns, ip`link set dev ${name} name ${moved}`, {
      undo: ip`link set dev ${moved} name ${name}`,
      failing: `failed to rename "${name}" to "${moved}"`,
    });
  }
  plan.inside(netns, ip`link set dev ${moved} netns ${ownNetns().path}`, {
    undo: ip`link set dev ${moved} netns ${netns.path}`,
    undoIn: ownNetns(),
    failing: `failed to move "${device}" to hostNS`,
  });
  if (moved !== device) {
    plan.host(ip`link set dev ${moved} name ${device}`, {
      undo: ip`link set dev ${device} name ${moved}`,
      failing: `failed to rename "${moved}" to "${device}"`,
    });
  }
  return planAsItWas(plan, { device, alias, wasUp, options });
}

/** The steps that put a device right that fell back to the host by itself. */
export function planRename({ link, device, alias, wasUp, options }: Omit<MoveOut, 'netns' | 'isNameTaken'>): Plan {
  const { ifname: name } = link;
  const plan = new Plan();
  if (name !== device) {
    if (link.flags.includes('UP')) plan.host(ip`link set dev ${name} down`, { undo: ip`link set dev ${name} up` });
    plan.host(ip`link set dev ${name} name ${device}`, {
      undo: ip`link set dev ${device} name ${name}`,
      failing: `failed to rename "${name}" to "${device}"`,
    });
  }
  return planAsItWas(plan, { device, alias, wasUp, options });
}

/** The mark goes last: until then it tells whose device this is. */
function planAsItWas(
  plan: Plan,
  { device, alias, wasUp, options }: Pick<MoveOut, 'device' | 'alias' | 'wasUp' | 'options'>,
): Plan {
  if (wasUp) plan.host(ip`link set dev ${device} up`, { failing: `failed to set "${device}" up` });
  return plan.do(ownNetns(), aliasAction(device, alias, options), { failing: `failed to set alias of "${device}"` });
}
