import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MASQUERADE_BACKENDS } from '../../pkg/netfilter/backend-name.ts';
import { collectMasquerade } from '../../pkg/netfilter/collect.ts';
import { addMasquerade, type Masquerade, removeMasquerade } from '../../pkg/netfilter/masquerade.ts';
import { missingMasquerade } from '../../pkg/netfilter/missing.ts';
import { missingSpoofCheck } from '../../pkg/netfilter/missing-spoof-check.ts';
import { addSpoofCheck, removeSpoofCheck } from '../../pkg/netfilter/spoof-check.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import type { WorkAction, WorkResult } from '../../pkg/plan/action.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { createHost, type Host } from './harness/host.ts';
import { useHost } from './harness/use.ts';
import { withoutProgram } from './harness/without.ts';
import type { DriverCall, DriverOutcome } from './netfilter-driver.ts';
import { rulesOf } from './netfilter-rules.ts';

const TIMEOUT_MS = 20_000;
const OPTIONS = { timeoutMs: TIMEOUT_MS, onlyFilterPrograms: false };
const V4 = '10.99.0.2/16';
const V6 = 'fd00:99::2/64';
const FAMILIES = [
  ['IPv4', [V4]],
  ['IPv6', [V6]],
  ['both families', [V4, V6]],
] as const;
const EVERY = MASQUERADE_BACKENDS.flatMap((backend) =>
  FAMILIES.map(([name, addresses]) => ({ backend, name, addresses })),
);

const host = await useHost({ purpose: 'netfilter' });
const place = openNetns(`/proc/${host.pid}/ns/net`);
afterAll(() => place.close());

// What all attachments share stays for ever, so it has to be there before the first snapshot.
beforeAll(() => wearInFilters(host, place));

async function wearInFilters(on: Host, where: Netns): Promise<void> {
  for (const backend of MASQUERADE_BACKENDS) {
    await runIn(where, addMasquerade(masquerade('first'), backend));
    await runIn(where, removeMasquerade(masquerade('first'), [backend]));
  }
  await runIn(where, addSpoofCheck(spoofCheck('first')));
  await runIn(where, removeSpoofCheck(spoofCheck('first')));
  expect(await rulesOf(on)).not.toContain('first');
}

function masquerade(containerId = 'x', addresses: readonly string[] = [V4, V6]): Masquerade {
  return { network: 'bt', containerId, ifName: 'eth0', addresses };
}

function spoofCheck(containerId = 'x', ifName = 'eth0') {
  return { containerId, ifName, hostLink: 'veth0', mac: '02:00:00:00:00:01' };
}

async function runIn(where: Netns, action: WorkAction): Promise<WorkResult> {
  return action.run({ place: where, timeoutMs: TIMEOUT_MS });
}

const run = (action: WorkAction): Promise<WorkResult> => runIn(place, action);

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Does something with the rules of a program as a person does. */
async function type(line: string): Promise<void> {
  const { exitCode, stderr } = await host.run(['sh', '-c', line]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
}

async function drive(calls: readonly DriverCall[]): Promise<DriverOutcome[]> {
  const argv = [await driver('test/netns/netfilter-driver.ts'), JSON.stringify(calls)];
  const { stdout, stderr } = await host.run(argv);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe.each(EVERY)('$backend, $name', ({ backend, addresses }) => {
  const target = masquerade('x', addresses);
  const { addresses: _, ...unknown } = target;

  test('is complete after ADD and gone after DEL', async () => {
    const { output } = await run(addMasquerade(target, backend));
    expect(output).toBe(backend);
    expect(await missingMasquerade(place, target, [backend], OPTIONS)).toEqual([]);
    expect(await missingMasquerade(place, target, MASQUERADE_BACKENDS, OPTIONS)).toEqual([]);
    await run(removeMasquerade(target, [backend]));
    expect(await missingMasquerade(place, target, [backend], OPTIONS)).not.toEqual([]);
  });

  test('DEL succeeds again and again', async () => {
    await run(addMasquerade(target, backend));
    for (let times = 0; times < 2; times++) await run(removeMasquerade(target, MASQUERADE_BACKENDS));
    await run(removeMasquerade(unknown, MASQUERADE_BACKENDS));
  });

  test('DEL needs no addresses', async () => {
    await run(addMasquerade(target, backend));
    await run(removeMasquerade(unknown, MASQUERADE_BACKENDS));
  });

  test('the undo takes it back', async () => {
    const { undo = [] } = await run(addMasquerade(target, backend));
    for (const action of undo) await run(action as WorkAction);
  });

  test.each([true, false])('an earlier ADD that was killed leaves nothing twice (told of it: %s)', async (mayExist) => {
    await run(addMasquerade(target, backend));
    const once = await rulesOf(host);
    // Without a hint nft does not look.
    if (!mayExist && backend === 'nftables') return run(removeMasquerade(target, [backend])).then(() => undefined);
    await run(addMasquerade(target, backend, { mayExist }));
    expect(await rulesOf(host)).toBe(once);
    await run(removeMasquerade(target, [backend]));
  });

  test('leftovers with other addresses go when they are named', async () => {
    const former = ['10.99.0.77/16', 'fd00:99::77/64'].filter((text) =>
      addresses.some((a) => a.includes(':') === text.includes(':')),
    );
    await run(addMasquerade(masquerade('x', former), backend));
    await run(addMasquerade(target, backend, { mayExist: true, formerAddresses: former }));
    expect(await rulesOf(host)).not.toMatch(/10\.99\.0\.77|99::77/);
    await run(removeMasquerade(target, [backend]));
  });

  test('twenty at once', async () => {
    const targets = Array.from({ length: 20 }, (_, index) =>
      masquerade(
        `c${index}`,
        addresses.map((address) => address.replace('2/', `${index + 10}/`)),
      ),
    );
    await Promise.all(targets.map((one) => run(addMasquerade(one, backend))));
    const gaps = await Promise.all(targets.map((one) => missingMasquerade(place, one, [backend], OPTIONS)));
    expect(gaps.flat()).toEqual([]);
    // Two of them for each, as when a runtime is impatient.
    await Promise.all([...targets, ...targets].map((one) => run(removeMasquerade(one, [backend]))));
  });
});

/** A place where a program does its work, and then does not come to its end. */
function hanging(program: string): Netns {
  return withProgram(program, 'exec 3<&0; "$0" "$@" <&3; exec sleep 5');
}

/** A place where a shell line stands for a program. */
function withProgram(program: string, line: string): Netns {
  return {
    ...place,
    label: 'broken',
    start(request) {
      const [wanted, ...args] = request.argv;
      if (wanted !== program) return place.start(request);
      return place.start({ ...request, argv: ['sh', '-c', line, wanted, ...args] });
    },
  };
}

test.each([
  ['iptables-restore', addMasquerade(masquerade('x', [V4]), 'iptables')],
  ['ip6tables-restore', addMasquerade(masquerade(), 'iptables')],
  ['nft', addMasquerade(masquerade(), 'nftables')],
  ['nft', addSpoofCheck(spoofCheck())],
] as const)('what %s has done before it is ended does not stay', async (program, action) => {
  let first = true;
  const stuck = hanging(program);
  const once: Netns = {
    ...stuck,
    start(request) {
      const { start } = first ? stuck : place;
      if (request.argv[0] === program) first = false;
      return start.call(place, request);
    },
  };
  await expect(action.run({ place: once, timeoutMs: 1500 })).rejects.toMatchObject({
    message: expect.stringContaining('timed out'),
  });
});

describe('iptables', () => {
  const CHAIN = 'CNI-7c1f184adecff1d6a7b2bf03';

  test('DEL finds rules in whatever form, several times', async () => {
    await run(addMasquerade(masquerade('x', [V4]), 'iptables'));
    await type(`iptables -t nat -A POSTROUTING -s 10.99.0.2 -j ${CHAIN}`);
    await type(`iptables -t nat -A POSTROUTING -s 10.99.0.2/16 -j ${CHAIN} -m comment --comment 'name: "bt" id: "x"'`);
    await run(removeMasquerade(masquerade('x', [V4]), ['iptables']));
  });

  test('DEL finds a chain that nothing leads to, and a jump is removed whose comment is another', async () => {
    await run(addMasquerade(masquerade(), 'iptables'));
    await type('iptables -t nat -D POSTROUTING 1');
    await type(`ip6tables -t nat -R POSTROUTING 1 -s fd00:99::2 -j ${CHAIN} -m comment --comment "it's mine -j X"`);
    await run(removeMasquerade(masquerade(), ['iptables']));
  });

  test('interfaces of one container share a chain until the last one goes', async () => {
    const first = masquerade('x', [V4, V6]);
    const second = { ...masquerade('x', ['10.98.0.2/16', 'fd00:98::2/64']), ifName: 'net1' };
    await run(addMasquerade(first, 'iptables'));
    await run(addMasquerade(second, 'iptables'));
    await run(addMasquerade(second, 'iptables', { mayExist: true }));
    expect(count(await rulesOf(host), '-j ACCEPT')).toBe(4);
    expect(count(await rulesOf(host), '-j MASQUERADE')).toBe(2);
    expect(await missingMasquerade(place, first, ['iptables'], OPTIONS)).toEqual([]);
    await run(removeMasquerade(first, ['iptables']));
    expect(await missingMasquerade(place, second, ['iptables'], OPTIONS)).toEqual([]);
    await run(removeMasquerade(second, ['iptables']));
  });

  test('one family that fails takes the other one with it', async () => {
    const broken = withProgram('ip6tables-restore', 'cat >/dev/null; echo no >&2; exit 3');
    const failing = runIn(broken, addMasquerade(masquerade(), undefined));
    await expect(failing).rejects.toMatchObject({
      message: expect.stringMatching(/^running \[ip6tables-restore --noflush --wait=\d+]: exit status 3: no$/),
      details: expect.stringMatching(/^network namespace: broken; its input: \*nat \| .* \| COMMIT$/),
    });
  });

  test('CHECK names what is missing', async () => {
    await run(addMasquerade(masquerade(), 'iptables'));
    await type(`iptables -t nat -F ${CHAIN}`);
    await type(`ip6tables -t nat -D POSTROUTING 1`);
    expect(await missingMasquerade(place, masquerade(), ['iptables', 'nftables'], OPTIONS)).toEqual([
      `missing in the nat table of iptables: -A ${CHAIN} -d 10.99.0.0/16 -j ACCEPT`,
      `missing in the nat table of iptables: -A ${CHAIN} ! -d 224.0.0.0/4 -j MASQUERADE`,
      `missing in the nat table of ip6tables: -A POSTROUTING -s fd00:99::2/128 -j ${CHAIN}`,
    ]);
    await run(removeMasquerade(masquerade(), ['iptables']));
  });

  test('comments that are too long are cut, and found again', async () => {
    const long = { ...masquerade('c'.repeat(200)), network: 'n'.repeat(200) };
    await run(addMasquerade(long, 'iptables'));
    await run(removeMasquerade(long, ['iptables']));
    await run(addMasquerade(long, 'iptables'));
    await run(removeMasquerade({ ...long, addresses: undefined }, ['iptables']));
  });
});

describe('nftables', () => {
  test('what is odd in a name stays in the comment', async () => {
    const odd = { ...masquerade('x'), ifName: 'a"\\$@;{#é' };
    await run(addMasquerade(odd, 'nftables'));
    expect(await rulesOf(host)).toContain(', net: bt, if: a\\$@;{#é, id: x"');
    await run(removeMasquerade(odd, ['nftables']));
  });

  test('CHECK names what is missing', async () => {
    await run(addMasquerade(masquerade('x', [V4]), 'nftables'));
    expect(await missingMasquerade(place, masquerade(), ['nftables'], OPTIONS)).toEqual([
      'missing in nft chain inet cni_plugins_masquerade masq_checks: ip6 saddr fd00:99::2 ip6 daddr != fd00:99::/64 masquerade',
    ]);
    await run(removeMasquerade(masquerade(), ['nftables']));
  });

  test('single addresses are networks too', async () => {
    const single = masquerade('x', ['10.99.0.2/32', 'fd00:99::2/128']);
    await run(addMasquerade(single, 'nftables'));
    expect(await missingMasquerade(place, single, ['nftables'], OPTIONS)).toEqual([]);
    await run(removeMasquerade(single, ['nftables']));
    await run(addMasquerade(single, 'iptables'));
    expect(await missingMasquerade(place, single, ['iptables'], OPTIONS)).toEqual([]);
    await run(removeMasquerade(single, ['iptables']));
  });

  test('a DEL on a host that has no table', async () => {
    const empty = await createHost('empty');
    const there = openNetns(`/proc/${empty.pid}/ns/net`);
    try {
      await runIn(there, removeMasquerade(masquerade(), MASQUERADE_BACKENDS));
      await runIn(there, removeSpoofCheck(spoofCheck()));
      await runIn(there, removeSpoofCheck(spoofCheck(), 4));
      expect(await rulesOf(empty)).not.toContain('CNI');
    } finally {
      there.close();
      await empty.dispose();
    }
  });
});

test.each(MASQUERADE_BACKENDS)('GC takes what is not valid and nothing else (%s)', async (backend) => {
  // As long as runtimes make them, so that comments are cut.
  const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
  const all = ids.map((id, index) => ({
    ...masquerade(id, [`10.99.0.${index + 10}/16`, V6]),
    network: 'a-longer-name',
  }));
  const other = { ...masquerade(ids[0], ['10.97.0.2/16']), network: 'other' };
  for (const one of [...all, other]) await run(addMasquerade(one, backend));
  const valid = [{ containerId: ids[1] ?? '', ifName: 'eth0' }];
  const report = await collectMasquerade(place, 'a-longer-name', valid, TIMEOUT_MS);
  expect(report.filter((line) => line.startsWith('removed masquerade of container '))).toHaveLength(2);
  const complete = await Promise.all(
    [...all, other].map(async (one) => (await missingMasquerade(place, one, [backend], OPTIONS)).length === 0),
  );
  expect(complete).toEqual([false, true, false, true]);
  expect(await collectMasquerade(place, 'a-longer-name', valid, TIMEOUT_MS)).toEqual([]);
  expect(await collectMasquerade(place, 'a-longer-name', [], TIMEOUT_MS)).not.toEqual([]);
  await run(removeMasquerade(other, [backend]));
});

describe('spoof check', () => {
  test('is complete after ADD and gone after DEL', async () => {
    const { output } = await run(addSpoofCheck(spoofCheck()));
    expect(output).toBeGreaterThan(0);
    expect(await missingSpoofCheck(place, spoofCheck(), TIMEOUT_MS)).toEqual([]);
    expect(await missingSpoofCheck(place, { ...spoofCheck(), mac: '02:00:00:00:00:02' }, TIMEOUT_MS)).toEqual([
      'missing in nft chain bridge nat cni-br-iface-x-eth0-mac: ether saddr 02:00:00:00:00:02 return',
    ]);
    await run(removeSpoofCheck(spoofCheck(), output as number));
    expect(await missingSpoofCheck(place, spoofCheck(), TIMEOUT_MS)).toHaveLength(4);
    await run(removeSpoofCheck(spoofCheck(), output as number));
    await run(removeSpoofCheck(spoofCheck()));
  });

  test('DEL finds it without the handle, and is not misled by another one', async () => {
    const mine = await run(addSpoofCheck(spoofCheck()));
    const other = await run(addSpoofCheck(spoofCheck('y')));
    await run(removeSpoofCheck(spoofCheck(), other.output as number));
    expect(await missingSpoofCheck(place, spoofCheck('y'), TIMEOUT_MS)).toEqual([]);
    await run(removeSpoofCheck(spoofCheck(), mine.output as number));
    await run(removeSpoofCheck(spoofCheck('y')));
  });

  test('an earlier ADD that was killed leaves nothing twice', async () => {
    await run(addSpoofCheck({ ...spoofCheck(), hostLink: 'veth9' }));
    await run(addSpoofCheck(spoofCheck()));
    await run(addSpoofCheck(spoofCheck(), { mayExist: true }));
    expect(count(await rulesOf(host), 'macspoofchk-x-eth0')).toBe(4);
    await run(removeSpoofCheck(spoofCheck()));
  });

  test('the undo takes it back', async () => {
    const { undo = [] } = await run(addSpoofCheck(spoofCheck()));
    for (const action of undo) await run(action as WorkAction);
  });

  test('any name of an interface', async () => {
    const odd = spoofCheck('x', 'a"$@é#');
    await run(addSpoofCheck(odd));
    expect(await missingSpoofCheck(place, odd, TIMEOUT_MS)).toEqual([]);
    await run(removeSpoofCheck(odd));
  });

  test('twenty at once', async () => {
    const checks = Array.from({ length: 20 }, (_, index) => spoofCheck(`c${index}`));
    const added = await Promise.all(checks.map((check) => run(addSpoofCheck(check))));
    const gaps = await Promise.all(checks.map((check) => missingSpoofCheck(place, check, TIMEOUT_MS)));
    expect(gaps.flat()).toEqual([]);
    const handles = added.map(({ output }) => output as number);
    await Promise.all(
      checks.map((check, index) => run(removeSpoofCheck(check, index % 2 ? handles[index] : undefined))),
    );
  });
});

describe('with the runtime of the plugins', () => {
  test('does the same', async () => {
    const backends = MASQUERADE_BACKENDS;
    const [iptables, gone, nft, goneToo, check, goneAtLast] = await drive([
      { do: 'add', masquerade: masquerade() },
      { do: 'remove', masquerade: masquerade(), backends },
      { do: 'add', masquerade: masquerade(), backend: 'nftables' },
      { do: 'remove', masquerade: masquerade(), backends },
      { do: 'add check', check: spoofCheck() },
      { do: 'remove check', check: spoofCheck() },
    ]);
    expect([iptables?.output, nft?.output, typeof check?.output]).toEqual(['iptables', 'nftables', 'number']);
    expect([gone, goneToo, goneAtLast].map((one) => one?.msg)).toEqual([undefined, undefined, undefined]);
  });

  test('without iptables', async () => {
    await withoutProgram(host, 'iptables', async () => {
      const missing = 'failed to locate iptables: exec: "iptables": executable file not found in $PATH';
      const [added, asked, removed, status, iptables] = await drive([
        { do: 'add', masquerade: masquerade() },
        { do: 'add', masquerade: masquerade('y'), backend: 'iptables' },
        { do: 'remove', masquerade: masquerade(), backends: MASQUERADE_BACKENDS },
        { do: 'status' },
        { do: 'status', backend: 'iptables' },
      ]);
      expect(added?.output).toBe('nftables');
      expect(asked?.msg).toContain(missing);
      expect(asked?.details).toContain('apt-get install iptables');
      expect(removed?.msg).toBeUndefined();
      expect(status).toEqual({ ms: expect.any(Number) });
      expect(iptables?.output).toContain(missing);
    });
  });

  test('without nft', async () => {
    await withoutProgram(host, 'nft', async () => {
      const missing = 'could not find nftables binary: exec: "nft": executable file not found in $PATH';
      const [asked, check, removed, removedCheck, status, nft] = await drive([
        { do: 'add', masquerade: masquerade(), backend: 'nftables' },
        { do: 'add check', check: spoofCheck() },
        { do: 'remove', masquerade: masquerade(), backends: MASQUERADE_BACKENDS },
        { do: 'remove check', check: spoofCheck() },
        { do: 'status' },
        { do: 'status', backend: 'nftables' },
      ]);
      expect(asked?.msg).toBe(missing);
      expect(asked?.details).toContain('apt-get install nftables');
      expect(check?.msg).toBe(missing);
      expect([removed?.msg, removedCheck?.msg, status?.output]).toEqual([undefined, undefined, undefined]);
      expect(nft?.output).toContain(missing);
    });
  });

  test('without both', async () => {
    await withoutProgram(host, 'nft', () =>
      withoutProgram(host, 'iptables', async () => {
        const [added, status] = await drive([{ do: 'add', masquerade: masquerade('x', [V4]) }, { do: 'status' }]);
        expect(added?.msg).toBe('failed to locate iptables: exec: "iptables": executable file not found in $PATH');
        expect(added?.details).toContain('nftables cannot be used either: could not find nftables binary');
        expect(status?.output).toContain('neither iptables nor nftables can be used');
      }),
    );
  });
});
