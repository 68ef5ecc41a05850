import { inContainer } from '../../netns/container.ts';
import type { Netns } from '../../netns/netns.ts';
import type { RunOptions } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
import { endsOf, missingLayer3 } from '../check.ts';
import { addressesOf, isKind, linkIn, lookAt } from '../links.ts';
import type { InnerKind, InnerSettings } from './kind.ts';
import { findMaster } from './master.ts';
import { innerNotesOf } from './notes.ts';
import { placeOfMaster } from './steps.ts';

/** Fails with all that is not as ADD left it, and with nothing that others may change. */
export async function checkInner<Conf>(call: AttachmentCall<Conf>, kind: InnerKind<Conf>): Promise<void> {
  const { ipam } = kind.settingsOf(call);
  await inContainer(call.netns, async (netns) => {
    if (ipam !== '') await call.delegate.run({ type: ipam, verb: 'CHECK', config: call.configText });
    const options = await runOptions(call.environment, kind.name);
    const [first, ...others] = await compare(call, kind, netns, options);
    if (first === undefined) return;
    throw new CniError(ErrorCode.internal, first, [...others, 'DEL and ADD put it right'].join('; '));
  });
}

async function compare<Conf>(
  call: AttachmentCall<Conf>,
  kind: InnerKind<Conf>,
  netns: Netns,
  options: RunOptions,
): Promise<readonly string[]> {
  const settings = kind.settingsOf(call);
  const { ifName } = call;
  const { result, index, promised, lines } = endsOf(call, `${kind.name}: `);
  if (promised === undefined) return lines;
  const place = placeOfMaster(settings, netns);
  const master = await findMaster(kind, asAdded(call, kind.name, settings), netns, options);
  const [link] = await lookAt([linkIn(netns, ifName)], options);
  if (link === undefined) return [`container Interface name in prevResult: ${ifName} not found`];
  if (!isKind(link, kind.name)) return [`error: Container interface ${ifName} not of type ${kind.name}`];
  lines.push(...kind.differences(link, call));
  const { mac } = promised;
  if (mac !== undefined && mac !== link.address) {
    lines.push(`interface ${ifName} Mac ${mac} doesn't match container Mac: ${link.address}`);
  }
  // A link below in the same namespace is known by its name, any other by its number.
  const isOnMaster =
    master === undefined || (place.isOwn() ? link.link_index === master.ifindex : link.link === master.ifname);
  if (!isOnMaster) lines.push(`interface ${ifName} does not stand on ${master.ifname}`);
  if (!link.flags.includes('UP')) lines.push(`interface ${ifName} is down`);
  return [...lines, ...(await missingLayer3(netns, ifName, result, addressesOf(link), index, options))];
}

/** What ADD found by itself may be another one by now, so only a record says which it was. */
function asAdded(call: AttachmentCall<unknown>, plugin: string, settings: InnerSettings): InnerSettings {
  const { below } = settings;
  if (below === undefined || below.master) return settings;
  const record = call.records.find(call, plugin);
  const noted = record === undefined ? '' : innerNotesOf(record.data).master;
  return { ...settings, below: { ...below, master: noted === '' ? undefined : noted } };
}
