import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FlushedMapping } from '../../pkg/conntrack/flush.ts';
import { driver } from '../../scripts/lib/driver.ts';
import type { FlushRequest } from './conntrack-driver.ts';
import { connect } from './harness/connect.ts';
import { ask, type Protocol, serve } from './harness/exchange.ts';
import { flowsIn } from './harness/flows.ts';
import { createHost, type Host, type Pod } from './harness/host.ts';
import type { Background } from './harness/place.ts';

/** Addresses of everybody in one family. */
interface Family {
  readonly name: string;
  readonly nft: 'ip' | 'ip6';
  readonly node: string;
  readonly other: string;
  readonly outside: string;
  readonly old: string;
  readonly new: string;
  readonly service: string;
}

const IPV4: Family = {
  name: 'IPv4',
  nft: 'ip',
  node: '192.0.2.1',
  other: '192.0.2.11',
  outside: '192.0.2.2',
  old: '10.1.1.2',
  new: '10.1.2.2',
  service: '10.96.0.10',
};
const IPV6: Family = {
  name: 'IPv6',
  nft: 'ip6',
  node: '2001:db8::1',
  other: '2001:db8::11',
  outside: '2001:db8::2',
  old: 'fd00:1::2',
  new: 'fd00:2::2',
  service: 'fd00:96::a',
};

let node: Host;
let outside: Host;
let pods: { readonly old: Pod; readonly new: Pod };
const servers: Background[] = [];

beforeAll(async () => {
  [node, outside] = await Promise.all([createHost('node'), createHost('outside')]);
  await connect(
    { host: node, link: 'eth0', addresses: ['192.0.2.1/24', '192.0.2.11/24', '2001:db8::1/64', '2001:db8::11/64'] },
    { host: outside, link: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
  pods = { old: await addPod('old', 1), new: await addPod('new', 2) };
  for (const setting of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding', 'ipv4/conf/all/route_localnet']) {
    await node.run(['sh', '-c', `echo 1 > /proc/sys/net/${setting}`]);
  }
  // Flows of SCTP that were closed end by themselves after three seconds, which a busy machine takes for a test.
  const timeouts = '/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_*';
  await node.run(['sh', '-ec', `for file in ${timeouts}; do echo 600 > "$file"; done`]);
  for (const route of ['10.1.0.0/16 via 192.0.2.1', 'fd00::/16 via 2001:db8::1'])
    await outside.ip(`route add ${route}`);
  for (const protocol of ['udp', 'sctp', 'tcp'] as const) {
    for (const [place, name] of [
      [pods.old, 'old'],
      [pods.new, 'new'],
      [outside, 'outside'],
      [node, 'node'],
    ] as const) {
      servers.push(await serve(place, protocol, 5353, name));
    }
  }
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await Promise.all([node, outside].map((host) => host.dispose()));
});

beforeEach(async () => {
  await node.run(['nft', 'flush', 'ruleset']);
  await node.run(['conntrack', '-F']);
});

async function addPod(name: string, number: number): Promise<Pod> {
  const pod = await node.addPod();
  await node.ip(`link add name ${name} type veth peer name eth0 netns ${pod.path}`);
  for (const [place, link, last] of [
    [node, name, 1],
    [pod, 'eth0', 2],
  ] as const) {
    await place.ip(`addr add 10.1.${number}.${last}/24 dev ${link}`);
    await place.ip(`addr add fd00:${number}::${last}/64 dev ${link} nodad`);
    await place.ip(`link set dev ${link} up`);
  }
  await pod.ip(`route add default via 10.1.${number}.1`);
  await pod.ip(`route add default via fd00:${number}::1`);
  return pod;
}

/** The rules of a node whose port leads to a pod, and a service on the same port of an address that is nobody's. */
async function lead(family: Family, protocol: Protocol, hostPort: number, to: string): Promise<void> {
  const end = family.nft === 'ip' ? `${to}:5353` : `[${to}]:5353`;
  const service = family.nft === 'ip' ? `${family.old}:5353` : `[${family.old}]:5353`;
  const rules = `fib daddr type local ${protocol} dport ${hostPort} dnat to ${end};
    ${family.nft} daddr ${family.service} ${protocol} dport ${hostPort} dnat to ${service};`;
  const table = `table ${family.nft} mapped
    delete table ${family.nft} mapped
    table ${family.nft} mapped {
      chain pre { type nat hook prerouting priority -100; ${rules} }
      chain out { type nat hook output priority -100; ${rules} }
      chain post { type nat hook postrouting priority 100; ${family.nft} saddr ${family.nft === 'ip' ? '127.0.0.1' : '::1'} masquerade; }
    }`;
  expect(await node.run(['nft', '-f', '-'], { stdin: table })).toMatchObject({ exitCode: 0, stderr: '' });
}

async function flush(
  mappings: readonly FlushedMapping[],
  options: { env?: Record<string, string>; path?: string } = {},
) {
  const request: FlushRequest = { mappings, ...(options.path === undefined ? {} : { path: options.path }) };
  const argv = [await driver('test/netns/conntrack-driver.ts')];
  const place = options.path === undefined ? node : outside;
  const outcome = await place.run(argv, { stdin: JSON.stringify(request), env: { ...options.env } });
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  return JSON.parse(outcome.stdout) as { readonly warning?: string; readonly ms: number };
}

function mapping(family: Family, protocol: 'udp' | 'sctp', change: Partial<FlushedMapping> = {}): FlushedMapping {
  return { protocol, hostPort: 5353, container: { address: family.old, port: 5353 }, moment: 'removed', ...change };
}

/** Flows of all kinds that have to do with the port; the source port of each tells which it is. */
async function makeFlows(family: Family, protocol: 'udp' | 'sctp'): Promise<void> {
  const to = (address: string, from: number, port = 5353) => ({ protocol, address, port, from });
  expect(await ask(outside, to(family.node, 4001))).toBe(`old ${family.outside}`);
  expect(await ask(outside, to(family.other, 4002))).toBe(`old ${family.outside}`);
  expect(await ask(pods.new, to(family.node, 4003))).toBe(`old ${family.new}`);
  expect(await ask(pods.new, to(family.outside, 4004))).toBe(`outside ${family.new}`);
  expect(await ask(outside, to(family.old, 4005))).toBe(`old ${family.outside}`);
  expect(await ask(pods.new, to(family.service, 4006))).toBe(`old ${family.new}`);
  // It has made its flow when it is asked; nobody could answer.
  expect(await ask(outside, to(family.node, 4007, 5354), 0.2)).toBeUndefined();
  expect(await ask(outside, { ...to(family.node, 0), protocol: 'tcp' })).toBe(`node ${family.outside}`);
}

/** The source ports of the flows that have gone; whatever else changed in the table is a failure. */
async function gone(work: () => Promise<unknown>): Promise<readonly number[]> {
  const before = await flowsIn(node);
  expect(await work()).not.toHaveProperty('warning');
  const after = await flowsIn(node);
  expect(after.filter((line) => !before.includes(line))).toEqual([]);
  const lines = before.filter((line) => !after.includes(line));
  return lines.map((line) => Number(/sport=(\d+)/.exec(line)?.[1])).sort();
}

const cases = [IPV4, IPV6].flatMap((family) =>
  (['udp', 'sctp'] as const).map((protocol) => ({ family, protocol, name: `${protocol} over ${family.name}` })),
);

describe('natively', () => {
  const env = {};
  describe.each(cases)('$name', ({ family, protocol }) => {
    test('a port that leads nowhere any longer', async () => {
      await lead(family, protocol, 5353, family.old);
      await makeFlows(family, protocol);
      const removed = mapping(family, protocol);
      const elsewhere = { address: family.new, port: 5353 };
      expect(await gone(() => flush([{ ...removed, hostPort: 5354 }], { env }))).toEqual([]);
      expect(await gone(() => flush([{ ...removed, container: elsewhere }], { env }))).toEqual([]);
      expect(await gone(() => flush([removed], { env }))).toEqual([4001, 4002, 4003, 4006]);
      expect(await gone(() => flush([removed], { env }))).toEqual([]);
    });

    test('a port that leads to another pod now', async () => {
      // Without any rule that needs to know about flows, the kernel does not track them.
      await lead(family, protocol, 5399, family.old);
      const to = (address: string, from: number) => ({ protocol, address, port: 5353, from });
      expect(await ask(outside, to(family.node, 4008))).toBe(`node ${family.outside}`);
      await lead(family, protocol, 5353, family.old);
      await makeFlows(family, protocol);
      await lead(family, protocol, 5353, family.new);
      expect(await ask(outside, to(family.node, 4009))).toBe(`new ${family.outside}`);
      // Which is why all this is needed: a flow that is there does not ask the rules again.
      expect(await ask(outside, to(family.node, 4008))).toBe(`node ${family.outside}`);
      expect(await ask(outside, to(family.node, 4001))).toBe(`old ${family.outside}`);
      const added = mapping(family, protocol, { moment: 'added', container: { address: family.new, port: 5353 } });
      expect(await gone(() => flush([added], { env }))).toEqual([4001, 4002, 4003, 4008]);
      expect(await ask(outside, to(family.node, 4008))).toBe(`new ${family.outside}`);
      expect(await ask(outside, to(family.node, 4001))).toBe(`new ${family.outside}`);
      expect(await gone(() => flush([added], { env }))).toEqual([]);
    });

    test('a port of one address', async () => {
      await lead(family, protocol, 5353, family.old);
      await makeFlows(family, protocol);
      const removed = mapping(family, protocol);
      const foreign = family === IPV4 ? IPV6 : IPV4;
      const unspecified = family === IPV4 ? '0.0.0.0' : '::';
      expect(await gone(() => flush([{ ...removed, hostIp: foreign.node }], { env }))).toEqual([]);
      expect(await gone(() => flush([{ ...removed, hostIp: family.node }], { env }))).toEqual([4001, 4003]);
      expect(await gone(() => flush([{ ...removed, hostIp: unspecified }], { env }))).toEqual([4002, 4006]);
    });
  });

  test('several ports at once, and what the host itself sent', async () => {
    const to = (port: number, from: number) => ({ protocol: 'udp', address: '127.0.0.1', port, from }) as const;
    await lead(IPV4, 'udp', 5399, IPV4.old);
    expect(await ask(node, to(5353, 4001))).toMatch(/^node /);
    await lead(IPV4, 'udp', 5354, IPV4.old);
    expect(await ask(node, to(5354, 4002))).toMatch(/^old /);
    const added = mapping(IPV4, 'udp', { moment: 'added' });
    const removed = mapping(IPV4, 'udp', { hostPort: 5354 });
    expect(await gone(() => flush([added, removed, mapping(IPV6, 'sctp')], { env }))).toEqual([4001, 4002]);
  });
});

test('in another namespace than its own', async () => {
  await lead(IPV4, 'udp', 5353, IPV4.old);
  await makeFlows(IPV4, 'udp');
  const path = `/proc/${node.pid}/ns/net`;
  expect(await gone(() => flush([mapping(IPV4, 'udp')], { path }))).toEqual([4001, 4002, 4003, 4006]);
});

test('thousands of flows, some of them stale', async () => {
  await lead(IPV4, 'udp', 5353, IPV4.old);
  await makeFlows(IPV4, 'udp');
  for (const port of ['5353', '53']) {
    const fill = [await driver('test/netns/conntrack-fill.ts'), '2000', port, port];
    expect(await node.run(fill)).toMatchObject({ exitCode: 0, stderr: '' });
  }
  const flushed = await gone(() => flush([mapping(IPV4, 'udp')]));
  expect(flushed).toHaveLength(2004);
});
