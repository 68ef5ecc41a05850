import type { ProgramAhead } from '../../pkg/netfilter/ahead.ts';
import { Site } from '../../pkg/netfilter/program.ts';
import type { WorkAction } from '../../pkg/plan/action.ts';
import { recordFolder } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { addSources, removeSources } from './firewalld.ts';
import { addIptables, removeIptables } from './iptables.ts';
import { addNft, removeNft } from './nftables.ts';
import type { FirewallNotes } from './notes.ts';
import { printOpening } from './print.ts';
import { policyRules, sharedRules } from './rules.ts';

/** What opens the firewall for a container. */
export interface Opening extends FirewallNotes {
  /** Who keeps networks apart: firewalld has no words for that. */
  readonly separator: 'iptables' | 'nftables';
  /** Whether an earlier ADD may have left rules. */
  readonly mayExist: boolean;
}

/** Lets a container's packets pass, and keeps its network apart. It brings its own undo. */
export function openAction(opening: Opening, environment: Environment, ahead?: ProgramAhead): WorkAction {
  return {
    kind: 'firewall',
    print: (place) => printOpening(place, opening),
    async run(context) {
      const closing = closeAction(opening, environment);
      try {
        await open(new Site(context, ahead), opening, environment);
      } catch (thrown) {
        // One family may be done, and whoever was not answered may have been heard.
        await Promise.resolve(closing.run(context)).catch(() => {});
        throw thrown;
      }
      return { undo: [closing] };
    },
  };
}

/** Lets them pass no longer; what is not there is fine. */
export function closeAction(notes: FirewallNotes, environment: Environment): WorkAction {
  return {
    kind: 'firewall',
    print: () => [`# ${notes.backend}: let ${notes.addresses.map(({ text }) => text).join(', ')} pass no longer`],
    async run(context) {
      const { backend, addresses, zone } = notes;
      const site = new Site(context);
      if (addresses.length === 0) return {};
      if (backend === 'iptables') await removeIptables(site, addresses);
      else if (backend === 'nftables') await removeNft(site, addresses);
      else await removeSources(environment, zone, addresses);
      return {};
    },
  };
}

async function open(site: Site, opening: Opening, environment: Environment): Promise<void> {
  const { backend, addresses, zone, separation, separator, adminChain, mayExist } = opening;
  const lockFolder = `${recordFolder(environment)}/.firewall`;
  if (backend === 'nftables') {
    await addNft(site, addresses, separation);
    return;
  }
  const apart = separation === undefined ? [] : policyRules(separation.policy, separation.bridge);
  if (backend === 'iptables') {
    const shared = [...sharedRules(adminChain), ...apart];
    await addIptables(site, { addresses, shared, mayExist, lockFolder });
    return;
  }
  await addSources(environment, zone, addresses);
  if (separation === undefined) return;
  try {
    if (separator === 'nftables') await addNft(site, [], separation);
    else {
      await addIptables(site, { addresses, shared: apart, onlyShared: true, mayExist, lockFolder });
    }
  } catch (thrown) {
    await removeSources(environment, zone, addresses);
    throw thrown;
  }
}
