import { beforeAll, expect, test } from 'vitest';
import {
  addressOf,
  ageLeases,
  call,
  confOf,
  createNetwork,
  eventually,
  leaseFiles,
  MAY_STAY,
  type Network,
  startDaemon,
} from '../../netns/dhcp/network.ts';
import { type DhcpServer, startDnsmasq } from '../../netns/dhcp/servers.ts';
import type { Background } from '../../netns/harness/place.ts';
import { callPlugin } from '../../netns/harness/plugin.ts';
import { useHost } from '../../netns/harness/use.ts';
import { ATTACKS, begin, strike } from './attacks.ts';

/** Longer than this no call may take, whatever a pod does. */
const LONGEST_MS = 5000;

const host = await useHost({ mayStay: MAY_STAY });
let network: Network;
let server: DhcpServer;
let daemon: Background;
beforeAll(async () => {
  network = await createNetwork(host);
  server = await startDnsmasq(network);
  daemon = await startDaemon(host, ['-timeout', '2s']);
});

async function status(): Promise<number> {
  const { exitCode, ms } = await callPlugin(host, 'dhcp', { verb: 'STATUS', conf: confOf() });
  expect(exitCode).toBe(0);
  return ms;
}

test.each(ATTACKS.map((attack) => [attack.title, attack] as const))('%s', async (title, attack) => {
  const [hostile, other, third] = [await host.addPod(), await host.addPod(), await host.addPod()];
  addressOf(await call(network, 'ADD', other, 'other'));
  const usual = await call(network, 'ADD', third, 'third');
  addressOf(usual);
  expect((await call(network, 'DEL', third, 'third')).error).toBeUndefined();
  const background = await begin(attack, hostile);
  const added = await call(network, 'ADD', hostile, 'hostile');
  await strike(attack, hostile, 'eth0');
  // All leases are prolonged at once when a daemon takes them over.
  await daemon.stop();
  ageLeases(host, 61);
  const asked = server.count('DHCPREQUEST');
  daemon = await startDaemon(host, ['-timeout', '2s']);
  const statusMs = await status();
  await eventually(() => expect(server.count('DHCPREQUEST')).toBeGreaterThan(asked));
  const beside = await call(network, 'ADD', third, 'third');
  addressOf(beside);
  const deleted = await call(network, 'DEL', hostile, 'hostile');
  expect(deleted.error).toBeUndefined();
  for (const { ms } of [added, beside, deleted]) expect(ms).toBeLessThan(LONGEST_MS);
  process.stdout.write(
    `${title}: STATUS ${statusMs.toFixed(0)} ms, DEL ${deleted.ms.toFixed(0)} ms, ` +
      `another pod's ADD ${beside.ms.toFixed(0)} ms, ${usual.ms.toFixed(0)} before\n`,
  );
  await background?.stop();
  for (const [pod, id] of [
    [other, 'other'],
    [third, 'third'],
    [hostile, 'hostile'],
  ] as const) {
    expect((await call(network, 'DEL', pod, id)).error).toBeUndefined();
  }
  await eventually(() => expect(leaseFiles(host)).toEqual([]));
});
