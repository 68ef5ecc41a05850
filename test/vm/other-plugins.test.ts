import { expect, test } from 'vitest';
import type { Host } from '../netns/harness/host.ts';
import { CASES as HOST_DEVICE } from '../netns/host-device/cases.ts';
import { addDevice } from '../netns/host-device/support.ts';
import { CASES as MACVLAN } from '../netns/macvlan/cases.ts';
import { plugLan } from '../netns/macvlan/support.ts';
import { CASES as PTP } from '../netns/ptp/cases.ts';
import { CASES as TAP } from '../netns/tap/cases.ts';
import { V4 } from '../netns/tap/support.ts';
import { type Case, expectSameOfAll } from './links/batch.ts';

// Compared in test/netns over all their configurations, on the machine's kernel; here a few, on Debian's.

/** Some cases of a table, with what is in all of its configurations. */
function some(
  table: readonly (Pick<Case, 'title' | 'args'> & { readonly conf: object })[],
  base: object,
  ...titles: readonly string[]
): readonly Case[] {
  const found = table.filter(({ title }) => titles.includes(title));
  expect(found).toHaveLength(titles.length);
  return found.map(({ title, conf, args = '' }) => ({ title, conf: { ...base, ...conf }, args }));
}

test('ptp', async () => {
  const cases = some(PTP, {}, 'a default route', 'two networks of one family');
  await expectSameOfAll('ptp', cases, { changesHost: true });
});

test('macvlan', async () => {
  const cases = some(MACVLAN, { master: 'lan0' }, 'addresses and a default route', 'mode private', 'a MAC');
  await expectSameOfAll('macvlan', cases, { setUp: plugLan });
});

test('host-device', async () => {
  const cases = some(HOST_DEVICE, { device: 'dev0' }, 'resolver settings', 'fixed addresses and routes');
  await expectSameOfAll('host-device', cases, { setUp: (host) => addDevice(host), changesHost: true });
});

test('tap', async () => {
  const cases = some(TAP, { ipam: V4 }, 'an address', 'MTU, MAC and several queues', 'owner and group');
  const setUp = (host: Host) => host.run(['modprobe', 'tun']);
  await expectSameOfAll('tap', cases, { setUp });
});
