import { expectOnlyNft } from '../../pkg/netfilter/backend.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { UnansweredCommit } from '../../pkg/netfilter/native-session.ts';
import { isMissing, Site } from '../../pkg/netfilter/program.ts';
import { allOf } from '../../pkg/netfilter/together.ts';
import type { WorkAction } from '../../pkg/plan/action.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { type AddOptions, addIptables } from './add-iptables.ts';
import { type Forwarding, familiesIn, type RuleKey } from './forwarding.ts';
import { addNft, removeNft } from './nft.ts';
import { printAdditions, printRemovals } from './print.ts';
import { removeIptables } from './remove-iptables.ts';
import { removeNatively } from './remove-natively.ts';
import type { Target } from './target.ts';

/**
 * Adds an attachment's rules, all of them or none. The output is the backend that was used: without a given one
 * iptables, unless that cannot be used and nft can. It brings its own undo.
 */
export function addForwarding(
  key: RuleKey,
  forwarding: Forwarding,
  backend: MasqueradeBackend | undefined,
  options: AddOptions,
): WorkAction {
  const undoing = (used: MasqueradeBackend): Target => {
    const addresses: string[] = [];
    for (const { address } of familiesIn(forwarding)) addresses.push(address);
    return { ...key, forwarding, backends: [used], addresses, others: options.others };
  };
  return {
    kind: 'netfilter',
    print: (place) => printAdditions(place, key, forwarding, backend ?? 'iptables'),
    async run(context) {
      const site = new Site(context, options.ahead);
      const addBy = async (where: Site, used: MasqueradeBackend): Promise<void> => {
        await removeElsewhere(where, options.evicted, used);
        if (used === 'iptables') await addIptables(where, key, forwarding, options);
        else await addNft(where, key, forwarding, options);
      };
      const add = async (used: MasqueradeBackend): Promise<void> => {
        try {
          await addBy(site, used);
        } catch (thrown) {
          // One family may be done, or a program that was ended may have come to its end.
          if (isBusy(thrown) && forwarding.addresses.length === 1) throw thrown;
          const isCleared = await removeWith(site.afresh(), undoing(used), used).then(
            () => true,
            () => false,
          );
          if (!isCleared || !UnansweredCommit.isBehind(thrown)) throw thrown;
          try {
            await addBy(site.byPrograms(), used);
          } catch (again) {
            await removeWith(site.afresh(), undoing(used), used).catch(() => {});
            throw again;
          }
        }
      };
      const output = await addWith(site, backend, add);
      return { output, undo: [removeForwarding(undoing(output))] };
    },
  };
}

/** Removes an attachment's rules; what is not there is fine. Backends and families do not wait for each other. */
export function removeForwarding(target: Target): WorkAction {
  return {
    kind: 'netfilter',
    print: (place) => printRemovals(place, target),
    async run(context) {
      const site = new Site(context);
      const running: Promise<void>[] = [];
      for (const backend of target.backends) running.push(removeWith(site, target, backend));
      await allOf(running);
      return {};
    },
  };
}

async function removeWith(site: Site, target: Target, backend: MasqueradeBackend): Promise<void> {
  if (removeNatively(site, target, backend)) return;
  if (backend === 'iptables') return removeIptables(site, target);
  return removeNft(site, [target]);
}

async function addWith(
  site: Site,
  backend: MasqueradeBackend | undefined,
  add: (backend: MasqueradeBackend) => Promise<void>,
): Promise<MasqueradeBackend> {
  if (backend !== undefined) {
    await add(backend);
    return backend;
  }
  try {
    await add('iptables');
    return 'iptables';
  } catch (thrown) {
    if (isBusy(thrown)) throw thrown;
    await expectOnlyNft(site, thrown);
  }
  await add('nftables');
  return 'nftables';
}

/** Whether somebody else held the lock of iptables for too long: then nothing was done. */
function isBusy(thrown: unknown): boolean {
  return thrown instanceof CniError && thrown.code === ErrorCode.tryAgain;
}

/** What the other backend has of those whose ports are taken over goes before: it might come first for a packet. */
async function removeElsewhere(site: Site, evicted: readonly Target[], used: MasqueradeBackend): Promise<void> {
  for (const target of evicted) {
    for (const backend of target.backends) {
      if (backend === used) continue;
      try {
        await removeWith(site, target, backend);
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
      }
    }
  }
}
