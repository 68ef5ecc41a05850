import { namespaceCensus } from '../../pkg/record/census.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isAlive } from '../../pkg/record/store.ts';
import { callPlugin } from '../../pkg/skel/call-plugin.ts';
import type { Environment, JsonObject } from '../../pkg/skel/plugin.ts';
import { notesOf } from '../../plugins/bridge/notes.ts';
import { pluginNamed } from '../../plugins/table.ts';
import { createWorld } from '../../world.ts';

/** What works on others' links goes first, the address last. */
const ORDER = [
  'tuning',
  'bandwidth',
  'firewall',
  'portmap',
  'flannel',
  'bridge',
  'ptp',
  'macvlan',
  'dummy',
  'vlan',
  'ipvlan',
  'host-device',
  'tap',
  'host-local',
];

/** The records of one attachment, in the order in which they have to go. */
export function inOrderOfDel(records: readonly AttachmentRecord[]): readonly AttachmentRecord[] {
  return [...records].sort((a, b) => ORDER.indexOf(a.plugin) - ORDER.indexOf(b.plugin));
}

/** Does what the runtime's DEL would have done, from a record; nothing when its container turns out to be there. */
export async function deleteRecorded(
  record: AttachmentRecord,
  environment: Environment,
  pluginPath: string,
): Promise<void> {
  const plugin = pluginNamed(record.plugin);
  if (plugin === undefined || isAlive(record, namespaceCensus()) !== 'dead') return;
  const variables: Environment = {
    ...environment,
    CNI_COMMAND: 'DEL',
    CNI_CONTAINERID: record.containerId,
    CNI_IFNAME: record.ifName,
    // It is gone, and its path may be another's by now.
    CNI_NETNS: '',
    CNI_ARGS: '',
    CNI_PATH: pluginPath,
  };
  const conf = JSON.stringify(confOf(record));
  await callPlugin(plugin, createWorld({ environment: variables, readStdin: async () => conf }));
}

function confOf({ plugin, network, data }: AttachmentRecord): JsonObject {
  const conf = { cniVersion: '1.0.0', name: network, type: plugin };
  if (plugin === 'bridge') {
    const { bridge, ipam } = notesOf(data);
    return { ...conf, bridge, ...(ipam === undefined ? {} : { ipam }) };
  }
  return plugin === 'host-local' ? { ...conf, ipam: { type: plugin } } : conf;
}
