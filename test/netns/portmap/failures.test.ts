import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { atEach, interfere, momentsOf } from '../bridge/moments.ts';
import { createHost } from '../harness/host.ts';
import type { PluginCall, PluginOutcome } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { withoutProgram } from '../harness/without.ts';
import { OURS } from './suites.ts';
import {
  addNetwork,
  BACKENDS,
  call,
  callOf,
  containerRulesOn,
  type Mapped,
  notesOn,
  rulesOn,
  SHARED,
  succeed,
  tcp,
  udp,
} from './support.ts';

const host = await useHost({ mayStay: SHARED });
/** Begins with the file: it is half a minute of waiting. */
const whileLocked = Promise.allSettled([addWhileLocked()]);
const DUAL = ['10.99.0.2/16', 'fd00:99::2/64'];

async function victim(backend: string, parts: Partial<Mapped> = {}): Promise<Mapped> {
  const mappings = [tcp(8080, 80), udp(53, 53)];
  return { pod: await host.addPod(), mappings, addresses: DUAL, conf: { backend }, containerId: 'victim', ...parts };
}

async function settle(backend: string): Promise<void> {
  const first = await victim(backend, { containerId: 'first' });
  await succeed(host, OURS, callOf('ADD', first));
  await succeed(host, OURS, callOf('DEL', first));
}

describe.each(BACKENDS)('%s', (backend) => {
  const bad = backend === 'iptables' ? ['-m', 'nosuchmatch'] : ['nosuch', 'expression'];

  test.each([
    ['IPv4', { conditionsV4: bad }],
    ['IPv6', { conditionsV6: bad }],
    ['both families', { conditionsV4: bad, conditionsV6: bad }],
  ])('a transaction that fails for %s leaves nothing', async (_, conditions) => {
    await settle(backend);
    const before = await rulesOn(host);
    const one = await victim(backend, { conf: { backend, ...conditions } });
    const { exitCode, error } = await call(host, OURS, callOf('ADD', one));
    expect(exitCode).toBe(1);
    expect(error?.msg).toMatch(backend === 'iptables' ? /^unable to setup DNAT: / : /^unable to set up nftables rules/);
    expect(await rulesOn(host)).toEqual(before);
    expect(await notesOn(host)).toEqual([]);
  });

  test('a transaction that fails leaves the link to the container as it was', async () => {
    await settle(backend);
    await addNetwork(host);
    const one = await victim(backend, { conf: { backend, conditionsV4: bad } });
    expect((await call(host, OURS, callOf('ADD', one))).exitCode).toBe(1);
    const { stdout } = await host.run(['cat', '/proc/sys/net/ipv4/conf/br0/route_localnet']);
    expect(stdout).toBe('0\n');
    await host.ip('link del dev br0');
  });

  test('the program is missing', async () => {
    const one = await victim(backend);
    await withoutProgram(host, backend === 'iptables' ? 'iptables' : 'nft', async () => {
      const { error } = await call(host, OURS, callOf('ADD', one));
      const words =
        backend === 'iptables'
          ? 'failed to open iptables: exec: "iptables"'
          : 'could not find nftables binary: exec: "nft"';
      expect(error?.msg).toContain(`${words}: executable file not found in $PATH`);
      expect(error?.details).toContain('install the package');
    });
    expect(await notesOn(host)).toEqual([]);
  });

  test.each([
    ['that fails', 'error=EIO'],
    ['at which it is asked to end', 'signal=SIGTERM'],
    ['at which it is killed', 'signal=SIGKILL'],
  ])('a step %s, then DEL: nothing is left', async (_, what) => {
    await settle(backend);
    const first = await victim(backend);
    // Without a program an ADD with iptables is over before it can hear that it is asked to end.
    const env = what === 'signal=SIGTERM' ? { CNI_TS_NETFILTER: 'exec' } : {};
    const moments = await momentsOf(host, 'portmap', { ...callOf('ADD', first), env });
    await succeed(host, OURS, callOf('DEL', first));
    expect(moments.length).toBeGreaterThan(15);
    let disturbed = 0;
    await atEach(host, moments, SHARED, async (moment) => {
      const added: PluginCall = { ...callOf('ADD', first), env };
      const { exitCode, stderr } = await interfere(host, 'portmap', added, moment, what);
      if (exitCode !== 0) disturbed += 1;
      // A failed ADD has to leave nothing by itself; one that was killed needs DEL.
      if (exitCode !== 1) await succeed(host, OURS, callOf('DEL', first, { prevResult: undefined }));
      return stderr;
    });
    console.log(`${backend}, ${what}: ${disturbed} of ${moments.length} steps disturbed ADD`);
    expect(disturbed).toBeGreaterThan(0);
  });

  test('an ADD after one that was never taken down replaces its rules', async () => {
    const one = await victim(backend);
    await succeed(host, OURS, callOf('ADD', one));
    const again = { ...one, mappings: [tcp(8080, 81), tcp(8082, 82)], addresses: ['10.99.0.3/16', 'fd00:99::3/64'] };
    await succeed(host, OURS, callOf('ADD', again));
    await succeed(host, OURS, callOf('CHECK', again));
    const rules = await containerRulesOn(host);
    expect(rules.filter((line) => /99(?:\.0\.|::)2\b/.test(line))).toEqual([]);
    await succeed(host, OURS, callOf('DEL', again));
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  });
});

test.each([
  'PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
  'OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
  'CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
])('what all containers share and somebody has deleted is made again, nothing twice: %s', async (deleted) => {
  await settle('iptables');
  const one = await victim('iptables');
  await succeed(host, OURS, callOf('ADD', one));
  const whole = await rulesOn(host);
  await succeed(host, OURS, callOf('DEL', one));
  const { exitCode, stderr } = await host.run(['sh', '-c', `iptables -t nat -D ${deleted}`]);
  expect(exitCode, stderr).toBe(0);
  await succeed(host, OURS, callOf('ADD', one));
  expect([...(await rulesOn(host))].sort()).toEqual([...whole].sort());
  await succeed(host, OURS, callOf('CHECK', one));
  await succeed(host, OURS, callOf('DEL', one));
  expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
});

/** What an ADD says that finds the lock of iptables held, and what it leaves, on a host of its own. */
async function addWhileLocked(): Promise<readonly [PluginOutcome, leftovers: readonly string[]]> {
  const locked = await createHost('locked');
  try {
    const folder = '/run/legacy';
    const names = ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);
    const links = names.map((name) => `ln -s /usr/sbin/xtables-legacy-multi ${folder}/${name}`);
    await locked.run(['sh', '-c', [`mkdir ${folder}`, ...links].join('; ')]);
    const holding = ['sh', '-c', 'echo held; exec sleep 80'];
    const lock = locked.start(['flock', '--no-fork', '/run/xtables.lock', ...holding]);
    while (!lock.stdout().includes('held')) await setTimeout(5);
    const one = { pod: await locked.addPod(), mappings: [tcp(8080, 80)], conf: { backend: 'iptables' } };
    const env = { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin` };
    const outcome = await call(locked, OURS, { ...callOf('ADD', one), env, timeoutMs: 80_000 });
    return [outcome, await notesOn(locked)];
  } finally {
    await locked.dispose();
  }
}

test('a held lock of iptables ends in "try again"', { timeout: 90_000 }, async () => {
  const [ended] = await whileLocked;
  if (ended.status === 'rejected') throw ended.reason;
  const [{ error }, leftovers] = ended.value;
  expect(error?.code, JSON.stringify(error)).toBe(11);
  expect(leftovers).toEqual([]);
});
