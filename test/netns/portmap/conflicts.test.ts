import { describe, expect, test } from 'vitest';
import { serve } from '../harness/exchange.ts';
import { useHost } from '../harness/use.ts';
import { OURS } from './suites.ts';
import {
  BACKENDS,
  call,
  callOf,
  containerRulesOn,
  type Mapped,
  type Mapping,
  notesOn,
  SHARED,
  succeed,
  tcp,
  udp,
} from './support.ts';

const host = await useHost({ mayStay: SHARED });
const POD = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0';

async function container(containerId: string, conf: object, parts: Partial<Mapped> = {}): Promise<Mapped> {
  const address = `10.99.0.${containerId.charCodeAt(0)}/16`;
  const pod = await host.addPod();
  return { pod, containerId, mappings: [tcp(8080, 80)], conf, addresses: [address], ...parts };
}

async function ownersOf(port: string): Promise<readonly string[]> {
  const { stdout } = await host.run(['cat', `/run/cni-ts/attachments/.ports/${port}`]);
  return (JSON.parse(stdout) as { containerId: string }[]).map(({ containerId }) => containerId);
}

describe.each(BACKENDS)('%s', (backend) => {
  const conf = { backend };

  test('a living owner is named, and nothing is left of the attempt', async () => {
    const owner = await container('a', conf, { args: POD, mappings: [tcp(8080, 80), udp(53, 53)] });
    await succeed(host, OURS, callOf('ADD', owner));
    const [rules, notes] = [await containerRulesOn(host), await notesOn(host)];
    const second = await container('b', conf, { mappings: [tcp(9090, 90), tcp(8080, 80)] });
    const { exitCode, error } = await call(host, OURS, callOf('ADD', second));
    expect(exitCode).toBe(1);
    expect(error?.code).toBe(999);
    expect(error?.msg).toBe('host port 8080/tcp is already mapped to container a');
    expect(error?.details).toContain(
      'container a (pod shop/web-0), interface eth0 in network net has it on all addresses',
    );
    expect(error?.details).toContain('"conflicts": "allow"');
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([rules, notes]);
    await succeed(host, OURS, callOf('DEL', second));
    expect(await containerRulesOn(host)).toEqual(rules);
    await succeed(host, OURS, callOf('DEL', owner));
  });

  test('a second ADD that is refused takes what the first one made with it', async () => {
    const owner = await container('a', conf);
    const twice = await container('b', conf, { mappings: [tcp(9090, 90)] });
    await succeed(host, OURS, callOf('ADD', owner));
    const rules = await containerRulesOn(host);
    await succeed(host, OURS, callOf('ADD', twice));
    const again = { ...twice, mappings: [tcp(9091, 91), tcp(8080, 80)], addresses: ['10.99.5.5/16'] };
    expect((await call(host, OURS, callOf('ADD', again))).exitCode).toBe(1);
    expect(await containerRulesOn(host)).toEqual(rules);
    expect((await notesOn(host)).filter((name) => !name.includes('/a/'))).toEqual([
      '/run/cni-ts/attachments/.ports/tcp-8080',
    ]);
    await succeed(host, OURS, callOf('DEL', owner));
  });

  test('an owner whose namespace is gone gives way', async () => {
    const dead = await container('a', conf, { mappings: [tcp(8080, 80), udp(53, 53)] });
    await succeed(host, OURS, callOf('ADD', dead));
    await dead.pod.remove();
    const heir = await container('b', conf);
    const { stderr } = await succeed(host, OURS, callOf('ADD', heir));
    expect(stderr).toContain('took over what container a');
    await succeed(host, OURS, callOf('CHECK', heir));
    const rules = await containerRulesOn(host);
    expect(rules.filter((line) => line.includes('10.99.0.97'))).toEqual([]);
    expect(await notesOn(host)).toEqual([
      '/run/cni-ts/attachments/.ports/tcp-8080',
      '/run/cni-ts/attachments/b/eth0:net:portmap.json',
    ]);
    // What comes late finds nothing of its own.
    await succeed(host, OURS, callOf('DEL', dead));
    expect(await containerRulesOn(host)).toEqual(rules);
    expect(await ownersOf('tcp-8080')).toEqual(['b']);
    await succeed(host, OURS, callOf('DEL', heir));
  });

  test('even when its record is lost', async () => {
    const dead = await container('a', conf);
    await succeed(host, OURS, callOf('ADD', dead));
    await dead.pod.remove();
    await host.run(['rm', '-r', '/run/cni-ts/attachments/a']);
    const heir = await container('b', conf);
    await succeed(host, OURS, callOf('ADD', heir));
    await succeed(host, OURS, callOf('CHECK', heir));
    await succeed(host, OURS, callOf('DEL', heir));
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  });

  test('even when its rules are of the other backend, or partly gone', async () => {
    for (const former of BACKENDS) {
      const dead = await container('a', { backend: former }, { mappings: [tcp(8080, 80), tcp(8081, 81)] });
      await succeed(host, OURS, callOf('ADD', dead));
      await dead.pod.remove();
      await host.run([
        'sh',
        '-c',
        'iptables-save -t nat | grep -- "-A CNI-HOSTPORT-DNAT" | sed "s/^-A/-D/" | (echo "*nat"; cat; echo COMMIT) | iptables-restore --noflush',
      ]);
      const heir = await container('b', conf);
      await succeed(host, OURS, callOf('ADD', heir));
      await succeed(host, OURS, callOf('CHECK', heir));
      await succeed(host, OURS, callOf('DEL', heir));
      expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
    }
  });

  test('two dead owners at once, with two interfaces one of them', async () => {
    const one = await container('a', conf, { mappings: [tcp(8080, 80)] });
    const again = { ...one, ifName: 'eth1', mappings: [tcp(8081, 80)] };
    const two = await container('b', conf, { mappings: [udp(53, 53)] });
    for (const dead of [one, again, two]) await succeed(host, OURS, callOf('ADD', dead));
    await one.pod.remove();
    await two.pod.remove();
    const heir = await container('c', conf, { mappings: [tcp(8080, 80), tcp(8081, 81), udp(53, 53)] });
    await succeed(host, OURS, callOf('ADD', heir));
    await succeed(host, OURS, callOf('CHECK', heir));
    await succeed(host, OURS, callOf('DEL', heir));
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  });

  test('the same pod under another id takes over from the living', async () => {
    const before = await container('a', conf, { args: POD });
    await succeed(host, OURS, callOf('ADD', before));
    const after = await container('b', conf, { args: POD });
    await succeed(host, OURS, callOf('ADD', after));
    await succeed(host, OURS, callOf('CHECK', after));
    const rules = await containerRulesOn(host);
    await succeed(host, OURS, callOf('DEL', before));
    expect(await containerRulesOn(host)).toEqual(rules);
    await succeed(host, OURS, callOf('DEL', after));
  });

  test('"allow" is what the reference does', async () => {
    const owner = await container('a', conf);
    const second = await container('b', { ...conf, conflicts: 'allow' });
    await succeed(host, OURS, callOf('ADD', owner));
    const rules = await containerRulesOn(host);
    await succeed(host, OURS, callOf('ADD', second));
    expect(await ownersOf('tcp-8080')).toEqual(['a', 'b']);
    const { error } = await call(host, OURS, callOf('CHECK', second));
    expect(error?.msg).toContain('host port 8080/tcp is taken by a rule in front');
    await succeed(host, OURS, callOf('DEL', second));
    expect(await containerRulesOn(host)).toEqual(rules);
    await succeed(host, OURS, callOf('DEL', owner));
  });
});

const OVERLAPS: readonly (readonly [one: Mapping, other: Mapping, isConflict: boolean])[] = [
  [tcp(80, 80, '192.0.2.1'), tcp(80, 80, '192.0.2.1'), true],
  [tcp(80, 80, '192.0.2.1'), tcp(80, 80, '192.0.2.2'), false],
  [tcp(80, 80, '192.0.2.1'), tcp(80, 80, '0.0.0.0'), true],
  [tcp(80, 80, '192.0.2.1'), tcp(80, 80), true],
  [tcp(80, 80, '192.0.2.1'), tcp(80, 80, '::'), false],
  [tcp(80, 80, '0.0.0.0'), tcp(80, 80, '::'), false],
  [tcp(80, 80), tcp(80, 80, '2001:db8::1'), true],
  [tcp(80, 80, '::'), tcp(80, 80, '2001:DB8:0::1'), true],
  [tcp(80, 80), udp(80, 80), false],
  [tcp(80, 80), tcp(81, 80), false],
];

test.each(OVERLAPS)('%j and %j', async (one, other, isConflict) => {
  const conf = { backend: 'nftables' };
  const addresses = ['10.99.0.2/16', 'fd00:99::2/64'];
  const first = await container('a', conf, { mappings: [one], addresses });
  const second = await container('b', conf, { mappings: [other], addresses });
  await succeed(host, OURS, callOf('ADD', first));
  expect((await call(host, OURS, callOf('ADD', second))).exitCode).toBe(isConflict ? 1 : 0);
  await succeed(host, OURS, callOf('DEL', second));
  await succeed(host, OURS, callOf('DEL', first));
  expect(await notesOn(host)).toEqual([]);
});

test('a program that listens is named, but not when the port leads to the container already', async () => {
  const conf = { backend: 'nftables' };
  const server = await serve(host, 'tcp', 8080, 'program');
  try {
    const first = await container('a', conf);
    const told = await succeed(host, OURS, callOf('ADD', first));
    expect(told.stderr).toContain('a program of this host listens on tcp ');
    // podman keeps the ports of its containers by listening on them, and asks for them again with each network.
    const second = { ...first, network: 'net2', ifName: 'eth1', addresses: ['10.99.1.1/16'] };
    expect((await succeed(host, OURS, callOf('ADD', second))).stderr).toBe('');
    for (const one of [second, first]) await succeed(host, OURS, callOf('DEL', one));
  } finally {
    await server.stop();
  }
});

test('ten at once: one gets the port', async () => {
  const containers = await Promise.all([...'abcdefghij'].map((id) => container(id, { backend: 'iptables' })));
  const outcomes = await Promise.all(containers.map((one) => call(host, OURS, callOf('ADD', one))));
  expect(outcomes.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
  for (const one of containers) await succeed(host, OURS, callOf('DEL', one));
  expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
});

test('ten at once with ports of their own, into empty tables: all get theirs', async () => {
  for (const backend of BACKENDS) {
    const containers = await Promise.all(
      [...'abcdefghij'].map((id, index) => container(id, { backend }, { mappings: [tcp(8000 + index, 80)] })),
    );
    await Promise.all(containers.map((one) => succeed(host, OURS, callOf('ADD', one))));
    for (const one of containers) await succeed(host, OURS, callOf('CHECK', one));
    await Promise.all(containers.map((one) => succeed(host, OURS, callOf('DEL', one))));
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  }
});
