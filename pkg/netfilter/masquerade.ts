import type { WorkAction } from '../plan/action.ts';
import type { Attachment } from '../types/attachment.ts';
import { type MasqueradedAddress, readAddresses } from './address.ts';
import type { ProgramAhead } from './ahead.ts';
import { expectOnlyNft } from './backend.ts';
import type { MasqueradeBackend } from './backend-name.ts';
import { addIptables, removeIptables } from './masquerade-iptables.ts';
import { addNft, removeNft } from './masquerade-nft.ts';
import { printAdditions, printRemovals } from './print.ts';
import { Site } from './program.ts';
import { allOf } from './together.ts';

/** An attachment whose packets leave the network under the host's address. */
export interface Masquerade extends Attachment {
  /** Its addresses with the prefix length of their network, host bits kept: `10.1.2.3/16`. */
  readonly addresses: readonly string[];
}

/** What is to be removed; without addresses it is found by its names alone. */
export interface MasqueradeTarget extends Attachment {
  readonly addresses?: readonly string[] | undefined;
}

/** What is known about earlier attempts; see {@link addMasquerade}. */
export interface AddOptions {
  /** An earlier ADD of this attachment may have left rules: they are looked for, and replaced in the same transaction. */
  readonly mayExist?: boolean;
  /** Addresses that an earlier ADD had, as far as they are known. */
  readonly formerAddresses?: readonly string[];
  /** A program that waits for its input already; see `startAhead`. */
  readonly ahead?: ProgramAhead | undefined;
}

/**
 * Adds masquerade rules, all of them or none. The output is the backend that was used: without a given one iptables,
 * unless that cannot be used and nft can. It brings its own undo.
 *
 * In iptables, all interfaces of a container in one network share a chain, and no rule says whose it is. Of rules that
 * are there already only those for this attachment's addresses, present or former, are taken as leftovers.
 *
 * @example
 * plan.do(ownNetns(), addMasquerade({ network, containerId, ifName, addresses }, undefined), { capture: 'backend' });
 */
export function addMasquerade(
  masquerade: Masquerade,
  backend: MasqueradeBackend | undefined,
  options: AddOptions = {},
): WorkAction {
  const addresses = readAddresses(masquerade.addresses);
  return {
    kind: 'netfilter',
    print: (place) => printAdditions(place, masquerade, addresses, backend ?? 'iptables'),
    async run(context) {
      const site = new Site(context, options.ahead);
      const output = await addWith(site, masquerade, addresses, backend, options);
      return { output, undo: [removeMasquerade(masquerade, [output])] };
    },
  };
}

/**
 * Removes masquerade rules; what is not there is fine, and so is a backend that is not installed. Rules for other
 * addresses than these stay; when the addresses are not known, all rules of the names go. The output is a list of the
 * backends that are not installed: whoever knows that these have made the rules knows that they are left.
 */
export function removeMasquerade(target: MasqueradeTarget, backends: readonly MasqueradeBackend[]): WorkAction {
  const { addresses: texts = [] } = target;
  const addresses = texts.length === 0 ? undefined : readAddresses(texts);
  return {
    kind: 'netfilter',
    print: (place) => backends.flatMap((backend) => printRemovals(place, target, addresses, backend)),
    async run(context) {
      const site = new Site(context);
      const missing: MasqueradeBackend[] = [];
      const remove = async (backend: MasqueradeBackend): Promise<void> => {
        const isNft = backend === 'nftables';
        const isDone = isNft ? await removeNft(site, target) : await removeIptables(site, target, addresses);
        if (!isDone) missing.push(backend);
      };
      await allOf(backends.map(remove));
      return { output: missing };
    },
  };
}

async function addWith(
  site: Site,
  key: Attachment,
  addresses: readonly MasqueradedAddress[],
  backend: MasqueradeBackend | undefined,
  options: AddOptions,
): Promise<MasqueradeBackend> {
  if (backend !== 'nftables') {
    try {
      await addIptables(site, key, addresses, options);
      return 'iptables';
    } catch (thrown) {
      if (backend !== undefined) throw thrown;
      await expectOnlyNft(site, thrown);
    }
  }
  await addNft(site, key, addresses, options);
  return 'nftables';
}
