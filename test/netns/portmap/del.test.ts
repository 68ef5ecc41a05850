import { describe, expect, test } from 'vitest';
import { useHost } from '../harness/use.ts';
import { withoutProgram } from '../harness/without.ts';
import { OURS, referenceSuite, type Suite } from './suites.ts';
import {
  BACKENDS,
  type Backend,
  callOf,
  containerRulesOn,
  type Mapped,
  notesOn,
  SHARED,
  succeed,
  tcp,
  udp,
} from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: SHARED });
const DUAL = ['10.99.0.2/16', 'fd00:99::2/64'];
const OTHER: Record<Backend, Backend> = { iptables: 'nftables', nftables: 'iptables' };

async function victim(backend: Backend): Promise<Mapped> {
  const pod = await host.addPod();
  return { pod, mappings: [tcp(8080, 80), udp(5353, 53)], addresses: DUAL, conf: { backend }, containerId: 'victim' };
}

async function bystander(backend: Backend): Promise<Mapped> {
  const pod = await host.addPod();
  const addresses = ['10.99.0.9/16', 'fd00:99::9/64'];
  return { pod, mappings: [tcp(9090, 90)], addresses, conf: { backend }, containerId: 'bystander' };
}

const LESS = { prevResult: undefined };
const NOTHING = { ...LESS, runtimeConfig: undefined };

/** What a DEL can lack; `spoil` happens before it. */
interface Lack {
  readonly title: string;
  readonly changes?: (backend: Backend) => object;
  readonly netns?: '';
  readonly network?: string;
  readonly spoil?: (mapped: Mapped) => Promise<void>;
  /** What a container of the reference, which has no record, cannot be found without. */
  readonly needsRecord?: true;
}

const LACKS: readonly Lack[] = [
  { title: 'nothing' },
  { title: 'the namespace', spoil: (mapped) => mapped.pod.remove() },
  { title: 'the namespace and its path', netns: '', spoil: (mapped) => mapped.pod.remove() },
  { title: 'the result', changes: () => LESS },
  { title: 'result and mappings', changes: () => NOTHING, needsRecord: true },
  { title: 'everything', changes: () => NOTHING, netns: '', spoil: (mapped) => mapped.pod.remove(), needsRecord: true },
  { title: 'the name of the network', network: 'renamed' },
  { title: 'the name of the network and the result', network: 'renamed', changes: () => LESS, netns: '' },
  { title: 'the backend: it is another one now', changes: (backend) => ({ backend: OTHER[backend] }) },
  { title: 'the backend: it is not one', changes: () => ({ backend: 'other' }) },
  { title: 'some of the rules', spoil: () => spoilRules() },
  { title: 'what leads to the rules', spoil: () => unlead() },
];

/** Removes some of the victim's rules by hand. */
async function spoilRules(): Promise<void> {
  const script = `
    for program in iptables ip6tables; do
      $program-save -t nat | sed -n 's/^-A \\(CNI-HOSTPORT-DNAT .*victim.*udp.*\\|CNI-DN-.*--dport 8080 -j DNAT .*99::\\?\\(0\\.\\)\\?2.*\\)$/-D \\1/p' |
        while read -r rule; do echo "*nat
$rule
COMMIT"; done | $program-restore --noflush
    done
    handle=$(nft -a list chain ip cni_hostport hostports | sed -n 's/.*"victim" # handle //p' | head -1)
    [ -z "$handle" ] || nft delete rule ip cni_hostport hostports handle $handle
  `;
  await host.run(['sh', '-c', script]);
}

/** Removes the victim's entries, so that its chains are all that is left. */
async function unlead(): Promise<void> {
  await host.run([
    'sh',
    '-c',
    'iptables-save -t nat | sed -n "/victim/s/^-A /-D /p" | while read -r rule; do printf "*nat\\n%s\\nCOMMIT\\n" "$rule" | iptables-restore --noflush; done',
  ]);
}

async function expectOnlyBystander(expected: readonly string[]): Promise<void> {
  expect(await containerRulesOn(host)).toEqual(expected);
  expect((await notesOn(host)).filter((name) => !name.includes('bystander'))).toEqual([
    '/run/cni-ts/attachments/.ports/tcp-9090',
  ]);
}

for (const suite of [OURS, REFERENCE] as readonly Suite[]) {
  describe.each(BACKENDS)(`DEL of what ${suite.name} made with %s`, (backend) => {
    const lacks = LACKS.filter(({ needsRecord }) => suite === OURS || needsRecord !== true);
    test.each(lacks)('lacking $title', async ({ changes, netns, network, spoil }) => {
      const other = await bystander(backend);
      await succeed(host, OURS, callOf('ADD', other));
      const before = await containerRulesOn(host);
      const mapped = await victim(backend);
      await succeed(host, suite, callOf('ADD', mapped));
      expect(await containerRulesOn(host)).not.toEqual(before);
      await spoil?.(mapped);
      const renamed = network === undefined ? mapped : { ...mapped, network };
      const call = callOf('DEL', renamed, changes?.(backend));
      await succeed(host, OURS, { ...call, ...(netns === undefined ? {} : { netns }) });
      await expectOnlyBystander(before);
      await succeed(host, OURS, { ...call, netns: '' });
      await expectOnlyBystander(before);
      await succeed(host, OURS, callOf('DEL', other));
    });
  });
}

describe.each(BACKENDS)('a program is missing, %s', (backend) => {
  test('that of the rules: they go all the same', async () => {
    const mapped = await victim(backend);
    await succeed(host, OURS, callOf('ADD', mapped));
    await withoutProgram(host, backend === 'iptables' ? 'iptables' : 'nft', async () => {
      expect((await succeed(host, OURS, callOf('DEL', mapped, NOTHING))).stderr).toBe('');
    });
    expect(await containerRulesOn(host)).toEqual([]);
    expect(await notesOn(host)).toEqual([]);
  });

  test('the other one: nobody minds', async () => {
    const mapped = await victim(backend);
    await succeed(host, OURS, callOf('ADD', mapped));
    await withoutProgram(host, backend === 'iptables' ? 'nft' : 'iptables', async () => {
      expect((await succeed(host, OURS, callOf('DEL', mapped, NOTHING))).stderr).toBe('');
    });
    expect(await containerRulesOn(host)).toEqual([]);
  });
});

describe.each(BACKENDS)('two networks on one container, %s', (backend) => {
  test('DEL of one leaves the other alone', async () => {
    const pod = await host.addPod();
    const base = { pod, conf: { backend }, containerId: 'both' };
    const one: Mapped = { ...base, mappings: [tcp(8080, 80)], ifName: 'eth0', network: 'one' };
    const two: Mapped = {
      ...base,
      mappings: [tcp(8081, 81)],
      addresses: ['10.98.0.2/16'],
      ifName: 'eth1',
      network: 'two',
    };
    await succeed(host, OURS, callOf('ADD', one));
    const before = await containerRulesOn(host);
    await succeed(host, OURS, callOf('ADD', two));
    await succeed(host, OURS, { ...callOf('DEL', two, NOTHING), netns: '' });
    expect(await containerRulesOn(host)).toEqual(before);
    await succeed(host, OURS, callOf('ADD', two));
    await succeed(host, OURS, callOf('DEL', one));
    await succeed(host, OURS, callOf('CHECK', two));
    await succeed(host, OURS, callOf('DEL', two));
    expect(await notesOn(host)).toEqual([]);
  });

  test('made by the reference, told apart by their addresses', async () => {
    const pod = await host.addPod();
    const base = { pod, conf: { backend }, containerId: 'both' };
    const one: Mapped = { ...base, mappings: [tcp(8080, 80)], ifName: 'eth0', network: 'one' };
    const two: Mapped = {
      ...base,
      mappings: [tcp(8081, 81)],
      addresses: ['10.98.0.2/16'],
      ifName: 'eth1',
      network: 'two',
    };
    await succeed(host, REFERENCE, callOf('ADD', one));
    const before = await containerRulesOn(host);
    await succeed(host, REFERENCE, callOf('ADD', two));
    await succeed(host, OURS, callOf('DEL', two));
    expect(await containerRulesOn(host)).toEqual(before);
    await succeed(host, OURS, callOf('DEL', one));
    expect(await containerRulesOn(host)).toEqual([]);
  });

  test('two interfaces in one network: DEL of one keeps what the other needs', async () => {
    const pod = await host.addPod();
    const base = { pod, conf: { backend }, containerId: 'both', mappings: [tcp(8080, 80)] };
    const one: Mapped = { ...base, ifName: 'eth0' };
    const two: Mapped = { ...base, addresses: ['10.99.0.3/16'], ifName: 'eth1' };
    await succeed(host, OURS, callOf('ADD', one));
    const before = await containerRulesOn(host);
    await succeed(host, OURS, callOf('ADD', two));
    await succeed(host, OURS, callOf('CHECK', two));
    await succeed(host, OURS, callOf('DEL', two));
    expect(await containerRulesOn(host)).toEqual(before);
    await succeed(host, OURS, callOf('CHECK', one));
    await succeed(host, OURS, callOf('DEL', one));
    expect(await notesOn(host)).toEqual([]);
  });
});

test('a very long container id', async () => {
  for (const backend of BACKENDS) {
    const mapped: Mapped = {
      pod: await host.addPod(),
      mappings: [tcp(8080, 80)],
      conf: { backend },
      containerId: 'x'.repeat(200),
    };
    await succeed(host, OURS, callOf('ADD', mapped));
    await succeed(host, OURS, callOf('CHECK', mapped));
    await succeed(host, OURS, callOf('DEL', mapped, NOTHING));
    expect(await containerRulesOn(host)).toEqual([]);
  }
});
