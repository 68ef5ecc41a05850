import { addressesOf, isKind, type ShownLink } from '../../../pkg/attach/links.ts';
import { conflicting } from '../../../plugins/bridge/address-conflict.ts';
import { notesOf } from '../../../plugins/bridge/notes.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { Node } from '../node.ts';

/** Whether the bridges have their addresses, and living containers their links. */
export const bridges: Check = {
  name: 'bridges',
  run(node) {
    return [...addresses(node), ...attachments(node)];
  },
};

function addresses({ networks, links }: Node): readonly Diagnosis[] {
  return networks.flatMap(({ bridge, gateways, file }) => {
    const link = links.find(({ ifname }) => ifname === bridge);
    if (link === undefined || !isKind(link, 'bridge')) return [];
    const found: Diagnosis[] = [];
    const existing = addressesOf(link);
    const others = conflicting(existing, gateways);
    for (const address of others) {
      found.push({
        severity: 'error',
        found: `${bridge} has ${address}, and ${file} wants ${gateways.join(' and ')}`,
        means: 'ADD fails while containers use the old address',
        mend: `let their pods be made anew, or: ip addr del ${address} dev ${bridge}`,
      });
    }
    const missing = gateways.filter((gateway) => !existing.includes(gateway));
    const isUsed = links.some(({ master }) => master === bridge);
    for (const address of others.length === 0 && isUsed ? missing : []) {
      found.push({
        severity: 'error',
        found: `${bridge} has lost its address ${address}`,
        means: 'its containers have no gateway, and reach nothing but each other',
        mend: `ip addr add ${address} dev ${bridge}, and find out who takes it away`,
      });
    }
    if (isUsed && !link.flags.includes('UP')) {
      const mend = `ip link set ${bridge} up`;
      found.push({ severity: 'error', found: `${bridge} is down`, means: 'its containers reach nobody', mend });
    }
    return found;
  });
}

function attachments({ records, links }: Node): readonly Diagnosis[] {
  return records.flatMap(({ record, state }) => {
    if (state !== 'alive' || record.plugin !== 'bridge') return [];
    const { hostLink, bridge } = notesOf(record.data);
    const who = `container ${record.containerId} (${record.ifName})`;
    const link = links.find(({ ifname }) => ifname === hostLink);
    return link === undefined ? lost(who, hostLink) : astray(who, link, bridge);
  });
}

function lost(who: string, hostLink: string): readonly Diagnosis[] {
  const found = `${hostLink}, the link of ${who}, is gone`;
  return [{ severity: 'error', found, means: 'the container has no network', mend: 'let its pod be made anew' }];
}

function astray(who: string, link: ShownLink, bridge: string): readonly Diagnosis[] {
  if (link.master === bridge && link.flags.includes('UP')) return [];
  const what = link.master === bridge ? 'down' : link.master === undefined ? 'in no bridge' : `in ${link.master}`;
  return [
    {
      severity: 'error',
      found: `${link.ifname}, the link of ${who}, is ${what}`,
      means: 'the container reaches nobody',
      mend: `ip link set ${link.ifname} master ${bridge} up`,
    },
  ];
}
