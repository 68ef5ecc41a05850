import type { Family } from '../addr/address.ts';
import type { Attachment } from '../types/attachment.ts';
import type { MasqueradedAddress } from './address.ts';
import type { AddOptions } from './masquerade.ts';
import { addToFound, removeFound } from './masquerade-found.ts';
import { chainName } from './names.ts';
import { FilterError, isMissing, missingProgram, type Site } from './program.ts';
import { change, changeInThread, IPTABLES } from './restore.ts';
import { additions, removals } from './rule.ts';
import { allOf } from './together.ts';

/** Adds the rules of both families, or none. */
export async function addIptables(
  site: Site,
  key: Attachment,
  addresses: readonly MasqueradedAddress[],
  options: AddOptions,
): Promise<void> {
  const families = familiesOf(addresses);
  try {
    await allOf(families.map((family) => addFamily(site, key, addresses, family, options)));
  } catch (thrown) {
    // One family may be done, or a program that was ended may have come to its end.
    if (!isMissing(thrown) || families.length > 1) await removeIptables(site.afresh(), key, addresses).catch(() => {});
    throw thrown;
  }
}

/** Removes the rules of these addresses, or of all; `false` when a program is missing that it takes. */
export async function removeIptables(
  site: Site,
  key: Attachment,
  addresses: readonly MasqueradedAddress[] | undefined,
): Promise<boolean> {
  const families = addresses === undefined ? ([4, 6] as const) : familiesOf(addresses);
  const isDone = await allOf(families.map((family) => removeFamily(site, key, addresses, family)));
  return !isDone.includes(false);
}

/** It is taken for granted that nothing is there; only when that fails somebody looks. */
async function addFamily(
  site: Site,
  key: Attachment,
  all: readonly MasqueradedAddress[],
  family: Family,
  options: AddOptions,
): Promise<void> {
  const addresses = all.filter((address) => address.family === family);
  const chain = chainName(key.network, key.containerId);
  try {
    try {
      if (options.mayExist !== true) {
        await changeInThread(site, family, [['-N', chain], ...additions(key, addresses)]);
        return;
      }
    } catch (thrown) {
      if (!(thrown instanceof FilterError) || thrown.timedOut) throw thrown;
    }
    await addToFound(site, key, addresses, family, options);
  } catch (thrown) {
    throw isMissing(thrown) ? missingProgram(IPTABLES[family], thrown) : thrown;
  }
}

async function removeFamily(
  site: Site,
  key: Attachment,
  all: readonly MasqueradedAddress[] | undefined,
  family: Family,
): Promise<boolean> {
  const addresses = all?.filter((address) => address.family === family);
  try {
    try {
      if (addresses !== undefined) {
        await change(site, family, removals(key, addresses));
        return true;
      }
    } catch (thrown) {
      if (!(thrown instanceof FilterError) || thrown.timedOut) throw thrown;
    }
    await removeFound(site, key, addresses, family);
    return true;
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    return false;
  }
}

function familiesOf(addresses: readonly MasqueradedAddress[]): readonly Family[] {
  return ([4, 6] as const).filter((family) => addresses.some((address) => address.family === family));
}
