import { expect, test } from 'vitest';
import type { MappedPort } from '../../pkg/sockets/listeners.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { ask, serve } from './harness/exchange.ts';
import type { Place } from './harness/place.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

async function listeners(place: Place, ports: readonly MappedPort[], env: Record<string, string> = {}) {
  const argv = [await driver('test/netns/listeners-driver.ts')];
  const { stdout, stderr } = await place.run(argv, { stdin: JSON.stringify(ports), env });
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as { readonly listeners: readonly string[] }).listeners;
}

const PORTS = [
  { protocol: 'tcp', port: 8080 },
  { protocol: 'udp', port: 5353 },
  { protocol: 'sctp', port: 9 },
] as const;

test('who listens is found, who only talks is not', async () => {
  expect(await listeners(host, PORTS)).toEqual([]);
  const servers = [await serve(host, 'tcp', 8080, 'a'), await serve(host, 'udp', 5353, 'b')];
  try {
    expect(await listeners(host, PORTS)).toEqual(['tcp [::]:8080', 'udp [::]:5353']);
    expect(await listeners(host, PORTS.slice(0, 1))).toEqual(['tcp [::]:8080']);
    expect(
      await listeners(host, [
        { protocol: 'udp', port: 8080 },
        { protocol: 'tcp', port: 5353 },
      ]),
    ).toEqual([]);
    // The connection that is left behind has the port as its source, and waits for nobody.
    expect(await ask(host, { protocol: 'tcp', address: '127.0.0.1', port: 8080, from: 9090 })).toBe('a 127.0.0.1');
    expect(await listeners(host, [{ protocol: 'tcp', port: 9090 }])).toEqual([]);
    // They are the host's and not the pod's.
    expect(await listeners(await host.addPod(), PORTS)).toEqual([]);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});
