import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ip } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import { ownNetns } from '../netns/own.ts';
import type { ProcessOutcome } from '../sys/process/process.ts';
import { quote } from './action.ts';
import { runPlan } from './executor.ts';
import { ipDriver } from './ip-driver.ts';
import { Plan } from './plan.ts';
import { sysctlPath } from './sysctl.ts';

/** A namespace in which every process ends as the test says. */
function place(...outcomes: Partial<ProcessOutcome>[]): {
  netns: Netns;
  inputs: (string | undefined)[];
  argvs: string[];
} {
  const inputs: (string | undefined)[] = [];
  const argvs: string[] = [];
  const netns: Netns = Object.create(ownNetns(), {
    label: { value: '/run/netns/blue' },
    prefix: { value: ['nsenter', '--net=/run/netns/blue'] },
    start: {
      value: ({ argv, stdin }: { argv: string[]; stdin?: string }) => {
        inputs.push(stdin);
        argvs.push(argv.join(' '));
        const ended = { status: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' };
        const outcome = { ...ended, ...outcomes[inputs.length - 1] };
        return { outcome: () => Promise.resolve(outcome) };
      },
    },
  });
  return { netns, inputs, argvs };
}

test('a plan prints the lines that a person would type', () => {
  const { netns } = place();
  const plan = new Plan()
    .host(ip`link add name v0 type veth peer name eth0 netns ${'/run/netns/blue'}`)
    .together(new Plan().inside(netns, ip`link set dev eth0 up`), new Plan().host(ip`link set dev v0 up`))
    .sysctl(netns, 'net/ipv4/conf/eth0/arp_notify', '1')
    .writeFile('/run/x y', "it's\n")
    .removeFile('/run/z');
  expect(plan.print()).toEqual([
    'ip link add name v0 type veth peer name eth0 netns /run/netns/blue',
    'nsenter --net=/run/netns/blue ip link set dev eth0 up',
    'ip link set dev v0 up',
    'nsenter --net=/run/netns/blue sysctl -w net/ipv4/conf/eth0/arp_notify=1',
    "printf %s 'it'\\''s\n' > '/run/x y'",
    'rm -f /run/z',
  ]);
  expect(quote('')).toBe("''");
});

describe('batches', () => {
  test('one process for neighbours, with the options that any of them needs', async () => {
    const { netns, inputs, argvs } = place({ stdout: '[{"ifname":"a"},{}]\n[]\n' });
    const { captures } = await runPlan(
      new Plan()
        .inside(netns, ip`link add name a type bridge`)
        .inside(netns, ip`-d link show dev a`, { capture: 'links' })
        .inside(netns, ip`addr show dev a`, { capture: 'addresses' }),
    );
    expect(inputs).toEqual(['link add name a type bridge\nlink show dev a\naddr show dev a\n']);
    expect(argvs).toEqual(['ip -j -d -batch -']);
    expect(captures.get('links')).toEqual([{ ifname: 'a' }]);
    expect(captures.get('addresses')).toEqual([]);
  });

  test.each([
    ['another family', [ip`route show`, ip`-6 route show`], 2],
    ['a removed link', [ip`link del dev a`, ip`link add name a type bridge`], 2],
    ['a link that leaves', [ip`link set dev a netns 1`, ip`link show`], 2],
    ['an object without line numbers', [ip`neigh add 10.0.0.1 dev a`, ip`link show`], 2],
    ['none of these', [ip`link set dev a up`, ip`addr show`, ip`route show`, ip`rule show`], 1],
  ] as const)('end at %s', async (_, commands, processes) => {
    const { netns, inputs } = place();
    const plan = new Plan();
    for (const command of commands) plan.inside(netns, command);
    await runPlan(plan);
    expect(inputs).toHaveLength(processes);
  });

  test('a word that two commands have leaves the failing one in doubt', async () => {
    const { netns } = place({ status: 255, stderr: 'Error: argument "x" is wrong: no\n' });
    const run = await ipDriver.run(netns, [ip`link set dev x up`, ip`addr add 10.0.0.1/8 dev x`], 1000);
    expect(run).toMatchObject({ doubtful: true, done: 0, taken: 2, failure: { errno: 'EINVAL' } });
  });

  test('in doubt, what others may have made stays', async () => {
    const { netns, inputs } = place({ status: undefined, signal: 'SIGKILL', timedOut: true });
    const plan = new Plan()
      .inside(netns, ip`link add name cni0 type bridge`, { tolerate: ['EEXIST'], undo: ip`link del dev cni0` })
      .inside(netns, ip`link add name veth1 type bridge`, { undo: ip`link del dev veth1` });
    await expect(runPlan(plan)).rejects.toThrow('one of 2 ip commands failed');
    expect(inputs.slice(1)).toEqual(['link del dev veth1\n']);
  });

  test('output that is not JSON takes nothing down', async () => {
    const { netns } = place({ stdout: 'oops\n' });
    await expect(runPlan(new Plan().inside(netns, ip`link show`, { capture: 'x' }))).rejects.toThrow('ip link show');
  });
});

test('names of settings', () => {
  expect(sysctlPath('net.ipv4.ip_forward')).toBe('/proc/sys/net/ipv4/ip_forward');
  expect(sysctlPath('net/ipv4/conf/eth0.1/arp_notify')).toBe('/proc/sys/net/ipv4/conf/eth0.1/arp_notify');
  expect(sysctlPath('net.ipv4.conf.eth0/1.arp_notify')).toBe('/proc/sys/net/ipv4/conf/eth0.1/arp_notify');
  for (const bad of ['', '../../etc/passwd', 'net/../../x', 'net//x', 'net/', 'a\0b']) {
    expect(() => sysctlPath(bad)).toThrow('invalid sysctl name');
  }
});

test('files come back as they were', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plan-'));
  const run = await runPlan(
    new Plan()
      .writeFile(`${folder}/a`, 'one', { undo: 'restore' })
      .writeFile(`${folder}/a`, 'two', { undo: 'restore' }),
  );
  expect(readFileSync(`${folder}/a`, 'utf8')).toBe('two');
  expect(await run.undo()).toEqual([]);
  expect(() => readFileSync(`${folder}/a`)).toThrow('ENOENT');
  rmSync(folder, { recursive: true });
});
