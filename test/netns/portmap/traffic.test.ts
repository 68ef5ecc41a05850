import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Suite } from '../bridge/suites.ts';
import { connect } from '../harness/connect.ts';
import { ask, type Protocol, serve } from '../harness/exchange.ts';
import { createHost, type Host } from '../harness/host.ts';
import type { Background, Place } from '../harness/place.ts';
import { type Attached, listOf, type Mapping, Pods } from './pods.ts';
import { BACKENDS, type Backend, SUITES } from './suites.ts';

/** Addresses of everybody in one family; `bridge` is what a masqueraded packet comes from. */
const FAMILIES = [
  {
    family: 'IPv4',
    node: '192.0.2.1',
    second: '192.0.2.11',
    client: '192.0.2.2',
    other: '198.51.100.2',
    bridge: '10.1.0.1',
  },
  {
    family: 'IPv6',
    node: '2001:db8::1',
    second: '2001:db8::11',
    client: '2001:db8::2',
    other: '2001:db8:1::2',
    bridge: 'fd00:1::1',
  },
] as const;
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
const MAPPINGS: readonly Mapping[] = PROTOCOLS.map((protocol) => ({ hostPort: 8080, containerPort: 80, protocol }));

let node: Host;
let client: Host;
/** A machine behind the node, on which the mapped ports lead somewhere as well. */
let other: Host;
const servers: Background[] = [];

beforeAll(async () => {
  [node, client, other] = await Promise.all([createHost('node'), createHost('client'), createHost('other')]);
  await connect(
    { host: node, link: 'eth0', addresses: ['192.0.2.1/24', '192.0.2.11/24', '2001:db8::1/64', '2001:db8::11/64'] },
    { host: client, link: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
  await connect(
    { host: node, link: 'eth1', addresses: ['198.51.100.1/24', '2001:db8:1::1/64'] },
    { host: other, link: 'eth0', addresses: ['198.51.100.2/24', '2001:db8:1::2/64'] },
  );
  for (const [host, via4, via6] of [
    [client, '192.0.2.1', '2001:db8::1'],
    [other, '198.51.100.1', '2001:db8:1::1'],
  ] as const) {
    await host.ip(`route add default via ${via4}`);
    await host.ip(`route add default via ${via6}`);
  }
  for (const host of [client, other]) await waitFor(host, '2001:db8::1');
  for (const protocol of PROTOCOLS) servers.push(await serve(other, protocol, 8080, 'other'));
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await Promise.all([node, client, other].map((host) => host.dispose()));
});

/** The first packet of IPv6 on a new link or a new bridge takes a second or two, and nobody else's fault may count. */
async function waitFor(from: Host, address: string): Promise<void> {
  expect(await from.run(['ping', '-c1', '-W10', address])).toMatchObject({ exitCode: 0 });
}

/** A pod that answers on port 80 and has ports of the node, a peer on the same bridge, and all down again afterwards. */
async function withPods(
  suite: Suite,
  backend: Backend,
  portmap: object,
  mappings: readonly Mapping[],
  work: (pod: Attached, peer: Attached) => Promise<void>,
): Promise<void> {
  // What is left of flows would translate this test's packets; udp-flows.test.ts is about that.
  await node.run(['conntrack', '-F']);
  const pods = new Pods(node, suite, listOf(backend, portmap));
  const [pod, peer] = [await pods.add('pod', mappings), await pods.add('peer')];
  const answering = await Promise.all(PROTOCOLS.map((protocol) => serve(pod.pod, protocol, 80, 'pod')));
  try {
    for (const { ipv6 } of [pod, peer]) await waitFor(node, ipv6);
    await work(pod, peer);
  } finally {
    await Promise.all(answering.map((server) => server.stop()));
    await pod.remove();
    await peer.remove();
  }
}

/** What is answered at port 8080 of an address. */
function askAt(place: Place, protocol: Protocol, address: string, seconds?: number): Promise<string | undefined> {
  return ask(place, { protocol, address, port: 8080 }, seconds);
}

/** That nothing is answered there takes a second to find out, so all such questions are asked at once. */
async function expectSilence(
  questions: readonly (readonly [place: Place, protocol: Protocol, address: string])[],
): Promise<void> {
  const answers = await Promise.all(questions.map((question) => askAt(...question, 1)));
  expect(answers).toEqual(questions.map(() => undefined));
}

/** Without br_netfilter the answer of a pod to another one on its bridge does not pass the node's rules. */
async function withoutBridgeRules(work: () => Promise<void>): Promise<void> {
  const set = (value: 0 | 1) =>
    node.run([
      'sh',
      '-c',
      `for family in ip ip6; do echo ${value} > /proc/sys/net/bridge/bridge-nf-call-"$family"tables; done`,
    ]);
  await set(0);
  try {
    await work();
  } finally {
    await set(1);
  }
}

describe.each(SUITES)('$name', (suite) => {
  describe.each(BACKENDS)('%s', (backend) => {
    const everywhere = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ ...family, protocol })));

    test('from everywhere, with another source only where there would be no answer', async () => {
      await withPods(suite, backend, {}, MAPPINGS, async ({ pod }, peer) => {
        for (const { protocol, family, node: address, client: outside, bridge } of everywhere) {
          const what = `${protocol} over ${family}`;
          expect(await askAt(client, protocol, address), `${what} from outside`).toBe(`pod ${outside}`);
          expect(await askAt(node, protocol, address), `${what} from the node`).toBe(`pod ${address}`);
          expect(await askAt(node, protocol, bridge), `${what} to the bridge's address`).toBe(`pod ${bridge}`);
          expect(await askAt(pod, protocol, address), `${what} from the pod itself`).toBe(`pod ${bridge}`);
          expect(await askAt(peer.pod, protocol, address), `${what} from its peer`).toMatch(/^pod /);
        }
        for (const protocol of PROTOCOLS) {
          expect(await askAt(node, protocol, '127.0.0.1'), `${protocol} to localhost`).toBe('pod 10.1.0.1');
        }
      });
      await expectSilence(everywhere.map(({ protocol, node: address }) => [client, protocol, address]));
    });

    // The reference's nftables rules leave a peer's source as it is, so that the answer goes past the node.
    test.skipIf(suite.name === 'reference' && backend === 'nftables')('from a peer, without br_netfilter', async () => {
      await withoutBridgeRules(() =>
        withPods(suite, backend, {}, MAPPINGS, async (_, peer) => {
          for (const { protocol, node: address, bridge } of everywhere) {
            expect(await askAt(peer.pod, protocol, address)).toBe(`pod ${bridge}`);
          }
        }),
      );
    });

    // The reference's nftables rules are the same with and without it.
    test.skipIf(suite.name === 'reference' && backend === 'nftables')('masqAll: every source is the node', async () => {
      await withPods(suite, backend, { masqAll: true }, MAPPINGS, async ({ pod }) => {
        for (const { protocol, node: address, bridge } of everywhere) {
          expect(await askAt(client, protocol, address)).toBe(`pod ${bridge}`);
          expect(await askAt(pod, protocol, address)).toBe(`pod ${bridge}`);
        }
        expect(await askAt(node, 'tcp', '127.0.0.1')).toBe('pod 10.1.0.1');
      });
    });

    test('snat off: every source is kept, and where there is no answer then, there is none', async () => {
      await withPods(suite, backend, { snat: false }, MAPPINGS, async ({ pod }) => {
        for (const { protocol, node: address, client: outside } of everywhere) {
          expect(await askAt(client, protocol, address)).toBe(`pod ${outside}`);
        }
        await expectSilence([
          [pod, 'udp', '192.0.2.1'],
          [node, 'udp', '127.0.0.1'],
        ]);
      });
    });

    test('what is only forwarded to the same port of another machine gets there', async () => {
      await withPods(suite, backend, {}, MAPPINGS, async ({ pod }, peer) => {
        for (const { protocol, other: address, client: outside } of everywhere) {
          expect(await askAt(client, protocol, address)).toBe(`other ${outside}`);
          for (const place of [node, pod, peer.pod]) expect(await askAt(place, protocol, address)).toMatch(/^other /);
        }
      });
    });

    test('a port of one address', async () => {
      const mappings = FAMILIES.flatMap(({ node: hostIP }) => MAPPINGS.map((mapping) => ({ ...mapping, hostIP })));
      await withPods(suite, backend, {}, mappings, async ({ pod }) => {
        for (const { protocol, node: address, other: far, bridge, client: outside } of everywhere) {
          expect(await askAt(client, protocol, address)).toBe(`pod ${outside}`);
          expect(await askAt(pod, protocol, address)).toBe(`pod ${bridge}`);
          expect(await askAt(client, protocol, far)).toBe(`other ${outside}`);
        }
        await expectSilence([
          ...everywhere.map(({ protocol, second }) => [client, protocol, second] as const),
          [node, 'tcp', '127.0.0.1'],
        ]);
      });
    });
  });
});
