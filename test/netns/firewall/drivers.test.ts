import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BY_IP, NATIVE } from '../harness/drivers.ts';
import type { Host, Pod } from '../harness/host.ts';
import { BUILT_PLUGINS, type PluginCall, type PluginOutcome, pluginEnvironment } from '../harness/plugin.ts';
import { processesOf } from '../harness/traced.ts';
import { withoutProgram } from '../harness/without.ts';
import { type Case, callFirewall, hostFor, IPV4, IPV6, previous } from './support.ts';

type Env = Readonly<Record<string, string>>;

const BY_PROGRAM: Env = { CNI_TS_NETFILTER: 'exec' };

const CASES: readonly Case[] = [
  { what: 'IPv4' },
  { what: 'both families', ips: [IPV4, IPV6] },
  { what: 'the same bridge', conf: { ingressPolicy: 'same-bridge' }, ips: [IPV4, IPV6] },
  { what: 'isolated', conf: { ingressPolicy: 'isolated' } },
  { what: 'a bridge that nft reads otherwise', conf: { ingressPolicy: 'isolated' }, interfaces: [{ name: 'br*' }] },
].map((one) => ({ ...one, conf: { backend: 'nftables', ...one.conf } }));

/** Another container's, which nobody may touch. */
const OTHER: Case = {
  what: 'another',
  ips: ['10.1.2.9/24', 'fd00:1::9/64'],
  conf: { backend: 'nftables', ingressPolicy: 'same-bridge' },
  interfaces: [{ name: 'cni9' }],
};

/** Rules and elements that no plugin made, in the same table and beside it. */
const OF_OTHERS = [
  'add table inet others',
  'add set inet others containers4 { type ipv4_addr ; }',
  'add element inet others containers4 { 10.1.2.3 }',
  'add rule inet cni_firewall admin ip saddr 10.1.2.3 counter',
  'add element inet cni_firewall containers4 { 192.0.2.77 }',
];

interface Place {
  readonly host: Host;
  readonly pod: Pod;
}

async function run({ host, pod }: Place, verb: string, one: Case, env: Env, id = 'c1'): Promise<PluginOutcome> {
  return callFirewall(BUILT_PLUGINS, verb, { host, pod }, one, {}, { ...NATIVE, ...env }, id);
}

/** As the kernel has it; it lists what is in a set in an order of its own each time. */
async function rulesetOf(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['nft', '--debug=netlink', 'list', 'ruleset']);
  return stdout.split('\n').toSorted();
}

async function nft(host: Host, lines: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run(['nft', '-f', '-'], { stdin: `${lines.join('\n')}\n` });
  expect(exitCode, stderr).toBe(0);
}

/** A host on which what all containers share is there, and something of others. */
async function settled(): Promise<Place> {
  const place = await hostFor(OTHER);
  expect((await run(place, 'ADD', OTHER, BY_PROGRAM, 'other')).exitCode).toBe(0);
  await nft(place.host, OF_OTHERS);
  return place;
}

function callOf(verb: string, one: Case, pod: Pod): PluginCall {
  const conf = { cniVersion: '1.0.0', name: 'net', type: 'firewall', prevResult: previous(one), ...one.conf };
  return { verb, containerId: 'c1', netns: pod.path, ifName: 'eth0', path: BUILT_PLUGINS, env: NATIVE, conf };
}

test.each(CASES)('both drivers do the same, and each removes what the other made: $what', async (one) => {
  const [native, program] = [await settled(), await settled()];
  try {
    const before = await rulesetOf(native.host);
    expect(before).toEqual(await rulesetOf(program.host));
    const added = await run(native, 'ADD', one, {});
    const other = await run(program, 'ADD', one, BY_PROGRAM);
    expect([added.exitCode, added.result, added.error?.msg]).toEqual([other.exitCode, other.result, other.error?.msg]);
    const full = await rulesetOf(native.host);
    expect(full).toEqual(await rulesetOf(program.host));
    if (added.exitCode !== 0) expect(full).toEqual(before);
    const envs: readonly Env[] = added.exitCode === 0 ? [{}, BY_PROGRAM] : [];
    for (const place of [native, program]) {
      for (const env of envs) expect((await run(place, 'CHECK', one, env)).stdout).toBe('');
    }
    // Elements of the policy stay: other containers of the bridge have the same.
    expect((await run(native, 'DEL', one, BY_PROGRAM)).exitCode).toBe(0);
    expect((await run(program, 'DEL', one, {})).exitCode).toBe(0);
    const after = await rulesetOf(native.host);
    expect(after).toEqual(await rulesetOf(program.host));
    if (one.conf !== undefined && !('ingressPolicy' in one.conf)) expect(after).toEqual(before);
    for (const place of [native, program]) expect((await run(place, 'DEL', one, {})).exitCode).toBe(0);
    expect(await rulesetOf(native.host)).toEqual(after);
    expect(await rulesetOf(program.host)).toEqual(after);
  } finally {
    for (const { host } of [native, program]) await host.dispose();
  }
});

describe('on a host where what all containers share is there', () => {
  const one: Case = { what: '', ips: [IPV4, IPV6], conf: { backend: 'nftables', ingressPolicy: 'isolated' } };
  let place: Place;

  beforeAll(async () => {
    place = await settled();
  });

  afterAll(() => place.host.dispose());

  test('no program is started', async () => {
    for (const verb of ['ADD', 'CHECK', 'DEL', 'DEL']) {
      expect(await processesOf(place.host, callOf(verb, one, place.pod), 'firewall'), verb).toEqual([]);
    }
  });

  test.each([
    ['a rule is missing', 'flush chain inet cni_firewall forward'],
    ['a rule is in front', 'insert rule inet cni_firewall forward ip saddr 192.0.2.1 drop'],
    ['a rule says the opposite', 'add rule inet cni_firewall forward ip saddr != @containers4 accept'],
  ])('nft looks where %s, and the rules are whole again', async (_, change) => {
    const before = await rulesetOf(place.host);
    await nft(place.host, [change]);
    expect(await processesOf(place.host, callOf('ADD', one, place.pod), 'firewall')).toContain('nft');
    for (const env of [{}, BY_PROGRAM]) expect((await run(place, 'CHECK', one, env)).stdout).toBe('');
    expect((await run(place, 'DEL', one, {})).exitCode).toBe(0);
    // What somebody has added beside them is not ours to remove.
    const { stdout } = await place.host.run(['nft', '-a', 'list', 'chain', 'inet', 'cni_firewall', 'forward']);
    for (const [, handle] of stdout.matchAll(/(?:192\.0\.2\.1 drop|!= @containers4 accept) # handle (\d+)/g)) {
      await nft(place.host, [`delete rule inet cni_firewall forward handle ${handle}`]);
    }
    const after = await rulesetOf(place.host);
    expect(numberless(after)).toEqual(numberless(before));
  });

  test('CHECK by either driver says the same of what is missing', async () => {
    expect((await run(place, 'ADD', one, {})).exitCode).toBe(0);
    await nft(place.host, [
      'delete element inet cni_firewall containers6 { fd00:1::3 }',
      'flush set inet cni_firewall isolated',
    ]);
    const [native, program] = [await run(place, 'CHECK', one, {}), await run(place, 'CHECK', one, BY_PROGRAM)];
    expect(native.error?.msg).toBe('fd00:1::3 is not in the set containers6');
    expect(native.error?.details).toContain('cni0 is not in the set isolated');
    expect(native.error).toEqual(program.error);
    expect((await run(place, 'DEL', one, {})).exitCode).toBe(0);
  });

  test('DEL needs no nft, and ADD says that it is missing', async () => {
    // Elements of the policy stay.
    for (const verb of ['ADD', 'DEL']) expect((await run(place, verb, one, BY_PROGRAM)).exitCode).toBe(0);
    const before = await rulesetOf(place.host);
    expect((await run(place, 'ADD', one, {})).exitCode).toBe(0);
    await withoutProgram(place.host, 'nft', async () => {
      const removed = await run(place, 'DEL', one, {});
      expect([removed.exitCode, removed.stderr]).toEqual([0, '']);
      expect((await run(place, 'ADD', one, {})).error?.msg).toContain('could not find nftables binary');
    });
    expect(await rulesetOf(place.host)).toEqual(before);
  });

  test.each([
    ['sending', 'sendto:error=EMSGSIZE'],
    ['receiving', 'recvfrom:error=ENOBUFS'],
    ['opening a socket', 'socket:error=EMFILE'],
  ])('whatever %s fails with, the program does it', async (_, failure) => {
    const failing = async (verb: string): Promise<void> => {
      // Links are another matter.
      const call = { ...callOf(verb, one, place.pod), env: BY_IP };
      const inject = ['-e', `trace=${failure.slice(0, failure.indexOf(':'))}`, '-e', `inject=${failure}`];
      const argv = ['strace', '-f', '-b', 'execve', '-qq', '-o', '/dev/null', ...inject];
      const outcome = await place.host.run([...argv, join(BUILT_PLUGINS, 'firewall')], {
        env: pluginEnvironment(call),
        stdin: JSON.stringify(call.conf),
      });
      expect(outcome.exitCode, `${verb}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
    };
    expect((await run(place, 'ADD', one, BY_PROGRAM)).exitCode).toBe(0);
    const full = await rulesetOf(place.host);
    expect((await run(place, 'DEL', one, BY_PROGRAM)).exitCode).toBe(0);
    const without = await rulesetOf(place.host);
    await failing('ADD');
    expect(await rulesetOf(place.host)).toEqual(full);
    await failing('CHECK');
    await failing('DEL');
    expect(await rulesetOf(place.host)).toEqual(without);
  });
});

/** Without the numbers of rules. */
function numberless(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/^(inet \S+ \S+) \d+.*$/, '$1'));
}
