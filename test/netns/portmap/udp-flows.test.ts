import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Suite } from '../bridge/suites.ts';
import { connect } from '../harness/connect.ts';
import { ask, askOn, serve } from '../harness/exchange.ts';
import { flowsIn } from '../harness/flows.ts';
import { createHost, type Host } from '../harness/host.ts';
import type { Background } from '../harness/place.ts';
import { type Attached, listOf, type Mapping, Pods } from './pods.ts';
import { BACKENDS, type Backend, SUITES } from './suites.ts';

const FAMILIES = [
  { family: 'IPv4', node: '192.0.2.1', outside: '192.0.2.2' },
  { family: 'IPv6', node: '2001:db8::1', outside: '2001:db8::2' },
] as const;
const UDP: Mapping = { hostPort: 5353, containerPort: 53, protocol: 'udp' };
const SCTP: Mapping = { hostPort: 5353, containerPort: 53, protocol: 'sctp' };

let node: Host;
let outside: Host;
let servers: Background[] = [];
let made: Pods[] = [];

beforeAll(async () => {
  [node, outside] = await Promise.all([createHost('node'), createHost('outside')]);
  await connect(
    { host: node, link: 'eth0', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
    { host: outside, link: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
  for (const route of ['10.1.0.0/16 via 192.0.2.1', 'fd00:1::/64 via 2001:db8::1'])
    await outside.ip(`route add ${route}`);
  await outside.run(['ping', '-c1', '-W10', '2001:db8::1']);
});

beforeEach(async () => {
  await node.run(['conntrack', '-F']);
  return async () => {
    await Promise.all(servers.map((server) => server.stop()));
    // What a failed test left must not fail the next one.
    for (const pods of made) await pods.removeAll();
    [servers, made] = [[], []];
  };
});

afterAll(() => Promise.all([node, outside].map((host) => host.dispose())));

function podsOf(suite: Suite, backend: Backend): Pods {
  const pods = new Pods(node, suite, listOf(backend));
  made.push(pods);
  return pods;
}

/** A pod whose port 53 answers with its name; reached once over IPv6, where the first packet takes its time. */
async function answering(pods: Pods, name: string, mappings: readonly Mapping[]): Promise<Attached> {
  const attached = await pods.add(name, mappings);
  for (const protocol of ['udp', 'sctp'] as const) servers.push(await serve(attached.pod, protocol, 53, name));
  await node.run(['ping', '-c1', '-W10', attached.ipv6]);
  return attached;
}

/** Waits until the newest answer comes from somebody; gives who answered last. */
async function lastAnswer(asking: Background, wanted: string): Promise<string | undefined> {
  const last = () => asking.stdout().trim().split('\n').at(-1)?.split(' ')[0];
  for (let waited = 0; last() !== wanted && waited < 5000; waited += 50) await setTimeout(50);
  return last();
}

/** The lines that went when something was done; none may have come. */
async function gone(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = await flowsIn(node);
  await work();
  const after = await flowsIn(node);
  expect(after.filter((line) => !before.includes(line))).toEqual([]);
  return before.filter((line) => !after.includes(line));
}

describe.each(SUITES)('$name', (suite) => {
  const isReference = suite.name === 'reference';

  describe.each(BACKENDS.flatMap((backend) => FAMILIES.map((family) => ({ backend, ...family }))))(
    '$backend, $family',
    ({ backend, ...address }) => {
      test('a socket that never pauses follows its port from pod to pod', async () => {
        const pods = podsOf(suite, backend);
        const old = await answering(pods, 'old', [UDP]);
        const asking = askOn(outside, { protocol: 'udp', address: address.node, port: 5353 });
        try {
          expect(await lastAnswer(asking, 'old')).toBe('old');
          await old.remove();
          // Meanwhile it goes on asking, and the kernel notes that its datagrams are for the node itself.
          await setTimeout(300);
          const young = await answering(pods, 'young', [UDP]);
          expect(await lastAnswer(asking, 'young')).toBe('young');
          await young.remove();
        } finally {
          await asking.stop();
        }
      });

      // The reference flushes when a port comes, not when it goes.
      test.skipIf(isReference)('when its pod is gone, a socket reaches what listens on the node', async () => {
        const pods = podsOf(suite, backend);
        servers.push(await serve(node, 'udp', 5353, 'node'));
        // Its rules are what keeps the kernel tracking.
        await answering(pods, 'other', [{ ...UDP, hostPort: 5354 }]);
        const old = await answering(pods, 'old', [UDP]);
        const asking = askOn(outside, { protocol: 'udp', address: address.node, port: 5353 });
        try {
          expect(await lastAnswer(asking, 'old')).toBe('old');
          await old.remove();
          expect(await lastAnswer(asking, 'node')).toBe('node');
        } finally {
          await asking.stop();
        }
      });

      // The reference flushes UDP only.
      test.skipIf(isReference)('SCTP likewise', async () => {
        const pods = podsOf(suite, backend);
        servers.push(await serve(node, 'sctp', 5353, 'node'));
        const question = { protocol: 'sctp', address: address.node, port: 5353, from: 4001 } as const;
        // Something has to be mapped, or the kernel does not track anything.
        const other = await answering(pods, 'other', [{ ...SCTP, hostPort: 5354 }]);
        expect(await ask(outside, question)).toBe(`node ${address.outside}`);
        const old = await answering(pods, 'old', [SCTP]);
        expect(await ask(outside, question)).toBe(`old ${address.outside}`);
        await old.remove();
        expect(await ask(outside, question)).toBe(`node ${address.outside}`);
        await other.remove();
      });

      // The reference flushes whatever goes to that port, wherever that is.
      test.skipIf(isReference)('flows that have nothing to do with it stay', async () => {
        servers.push(await serve(outside, 'udp', 5353, 'outside'), await serve(node, 'tcp', 5353, 'node'));
        const pods = podsOf(suite, backend);
        const other = await answering(pods, 'other', [{ ...UDP, hostPort: 5354 }]);
        const from = (port: number, to: string, hostPort = 5353) =>
          ({ protocol: 'udp', address: to, port: hostPort, from: port }) as const;
        // To the same port of another machine; to another port of the node; over another protocol.
        expect(await ask(other.pod, from(4001, address.outside))).toMatch(/^outside /);
        expect(await ask(outside, from(4002, address.node, 5354))).toBe(`other ${address.outside}`);
        expect(await ask(outside, { protocol: 'tcp', address: address.node, port: 5353 })).toMatch(/^node /);

        let young: Attached | undefined;
        expect(
          await gone(async () => {
            young = await pods.add('young', [UDP]);
          }),
        ).toEqual([]);
        if (young === undefined) throw new Error('there is no pod');
        servers.push(await serve(young.pod, 'udp', 53, 'young'));
        await node.run(['ping', '-c1', '-W10', young.ipv6]);
        expect(await ask(outside, from(4003, address.node))).toBe(`young ${address.outside}`);
        const flows = await gone(async () => young?.remove());
        expect(flows.map((line) => /sport=(\d+)/.exec(line)?.[1])).toEqual(['4003']);
        await other.remove();
      });
    },
  );
});
