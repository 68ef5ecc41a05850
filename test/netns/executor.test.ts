import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import type { WorkAction } from '../../pkg/plan/action.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { Plan, type StepOptions } from '../../pkg/plan/plan.ts';
import { PlanError } from '../../pkg/plan/plan-error.ts';
import { traceFrom } from '../../pkg/plan/trace.ts';
import { startProcess } from '../../pkg/sys/process/process.ts';
import { makeNamespace, type TestNamespace } from './namespaces.ts';

let left: TestNamespace;
let right: TestNamespace;
let a: Netns;
let b: Netns;

beforeEach(() => {
  left = makeNamespace();
  right = makeNamespace();
  left.ip('link set dev lo up');
  left.ip('link add name cni0 type bridge');
  // A link's first time up leaves traces that going down does not remove (a queue, lo's address).
  for (const [namespace, link] of [
    [left, 'cni0'],
    [right, 'lo'],
  ] as const) {
    namespace.ip(`link set dev ${link} up`);
    namespace.ip(`link set dev ${link} down`);
  }
  a = openNetns(left.path);
  b = openNetns(right.path);
});

afterEach(() => {
  a.close();
  b.close();
  left.remove();
  right.remove();
});

async function failureOf(plan: Plan, options: Parameters<typeof runPlan>[1] = {}): Promise<PlanError> {
  const thrown = await runPlan(plan, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(PlanError);
  return thrown as PlanError;
}

/** An action that only runs some code. */
function code(run: () => unknown): WorkAction {
  return {
    kind: 'code',
    print: () => [],
    run() {
      run();
      return {};
    },
  };
}

/** Ten steps over two namespaces; the one at `broken` is replaced by one that fails. */
function tenSteps(broken = -1): Plan {
  const plan = new Plan();
  let position = 0;
  const step = (place: Netns, command: ReturnType<typeof ip>, options: StepOptions = {}): void => {
    if (position === broken) plan.inside(place, ip`route add 10.99.0.0/16 via 203.0.113.1`, { failing: 'broken step' });
    else plan.inside(place, command, options);
    position += 1;
  };
  step(a, ip`link add name v0 mtu 1400 txqueuelen 0 type veth peer name eth0 netns ${right.path}`, {
    undo: ip`link del dev v0`,
  });
  step(a, ip`addr add 10.1.0.1/24 dev cni0`, { undo: ip`addr del 10.1.0.1/24 dev cni0` });
  step(a, ip`link set dev cni0 up`, { undo: ip`link set dev cni0 down` });
  step(a, ip`route add 10.2.0.0/16 via 10.1.0.7 dev cni0 onlink`, { undo: ip`route del 10.2.0.0/16` });
  step(b, ip`link add name extra type bridge`, { undo: ip`link del dev extra` });
  step(b, ip`addr add 10.9.0.2/24 dev extra`, { undo: ip`addr del 10.9.0.2/24 dev extra` });
  step(b, ip`link set dev extra up`, { undo: ip`link set dev extra down` });
  step(a, ip`rule add from 10.1.0.0/24 lookup 777 pref 1777`, { undo: ip`rule del pref 1777` });
  step(b, ip`link set dev lo up`, { undo: ip`link set dev lo down` });
  step(b, ip`route add 10.3.0.0/16 dev extra`, { undo: ip`route del 10.3.0.0/16` });
  return plan;
}

describe('a plan of ten steps over two namespaces', () => {
  test('succeeds, and can still be taken back later', async () => {
    const before = [left.state(), right.state()];
    const run = await runPlan(tenSteps());
    expect(left.ip('-o link show dev v0')).toContain('mtu 1400');
    expect(right.ip('route show')).toContain('10.3.0.0/16');
    expect(await run.undo()).toEqual([]);
    expect([left.state(), right.state()]).toEqual(before);
    expect(await run.undo()).toEqual([]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])('failing at step %i leaves nothing behind', async (position) => {
    const before = [left.state(), right.state()];
    const error = await failureOf(tenSteps(position));
    expect([left.state(), right.state()]).toEqual(before);
    expect(error.errno).toBe('ENETUNREACH');
    expect(error.code).toBe(999);
    expect(error.message).toBe('broken step: network is unreachable');
    const where = [4, 5, 6, 8, 9].includes(position) ? right.path : left.path;
    expect(error.details).toContain(`nsenter --net=${where} ip route add 10.99.0.0/16 via 203.0.113.1`);
    expect(error.details).toContain(`network namespace: ${where}`);
    expect(error.details).toContain('Nexthop has invalid gateway');
    expect(error.leftovers).toEqual([]);
  });
});

describe('failures that are no reason to stop', () => {
  test('a tolerated error in the middle of a batch', async () => {
    const run = await runPlan(
      new Plan()
        .inside(a, ip`link add name one type bridge`)
        .inside(a, ip`link add name cni0 type bridge`, { tolerate: ['EEXIST'], undo: ip`link del dev cni0` })
        .inside(a, ip`link set dev one up`)
        .inside(a, ip`-d link show dev one`, { capture: 'one' })
        .inside(a, ip`addr show dev lo`, { capture: 'lo' }),
    );
    expect(run.captures.get('one')).toMatchObject([{ ifname: 'one', linkinfo: { info_kind: 'bridge' } }]);
    expect(run.captures.get('lo')).toMatchObject([{ ifname: 'lo' }]);
    // What someone else made is not taken back.
    expect(await run.undo()).toEqual([]);
    expect(left.ip('link show dev cni0')).toContain('cni0');
  });

  test('an optional setting', async () => {
    const plan = new Plan()
      .sysctl(b, 'net/ipv4/conf/nope/arp_notify', '1', { optional: true })
      .sysctl(b, 'net.ipv4.conf.lo.arp_notify', '1', { undo: 'restore' });
    const run = await runPlan(plan);
    expect(await b.readFile('/proc/sys/net/ipv4/conf/lo/arp_notify')).toBe('1\n');
    await run.undo();
    expect(await b.readFile('/proc/sys/net/ipv4/conf/lo/arp_notify')).toBe('0\n');
  });
});

describe('stopping and taking back', () => {
  test('a setting that does not exist stops the plan and the file before it is restored', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plan-'));
    const plan = new Plan()
      .writeFile(`${folder}/state`, 'text', { undo: 'restore' })
      .inside(a, ip`link add name one type bridge`, { undo: ip`link del dev one` })
      .sysctl(a, 'net/ipv4/conf/nope/arp_notify', '1');
    const error = await failureOf(plan);
    expect(error.errno).toBe('ENOENT');
    expect(error.message).toContain('sysctl -w net/ipv4/conf/nope/arp_notify=1: no such file or directory');
    expect(() => readFileSync(`${folder}/state`)).toThrow('ENOENT');
    expect(left.ip('-o link show')).not.toContain('one');
    rmSync(folder, { recursive: true });
  });

  test('a word that ip cannot parse ends it without a line number, and what came before is still undone', async () => {
    const before = left.state();
    const plan = new Plan()
      .inside(a, ip`link add name one type bridge`, { undo: ip`link del dev one` })
      .inside(a, ip`link set dev one mtu abc`)
      .inside(a, ip`link set dev one up`);
    const error = await failureOf(plan);
    expect(error.message).toContain('ip link set dev one mtu abc: invalid argument');
    expect(left.state()).toEqual(before);
  });

  test('an ip that never ends: everything that it may have done is undone', async () => {
    const before = left.state();
    // The pipe of a real, but slow, program: the batch is done, its end never comes.
    const slow: Netns = Object.create(a, {
      start: {
        value: (request: Parameters<Netns['start']>[0]) =>
          String(request.stdin).includes('link add')
            ? a.start({ ...request, argv: ['sh', '-c', `${request.argv.join(' ')}; exec sleep 60`] })
            : a.start(request),
      },
    });
    const plan = new Plan()
      .inside(slow, ip`link add name one type bridge`, { undo: ip`link del dev one` })
      .inside(slow, ip`link add name two type bridge`, { undo: ip`link del dev two` });
    const started = Date.now();
    const error = await failureOf(plan, { timeoutMs: 1500 });
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(error.message).toContain('one of 2 ip commands failed: connection timed out');
    expect(error.details).toContain('link add name two type bridge');
    expect(left.state()).toEqual(before);
  });

  test('no ip on this machine', async () => {
    const without: Netns = Object.create(a, {
      start: {
        value: (request: Parameters<Netns['start']>[0]) =>
          startProcess({ ...request, argv: ['ip-that-is-not-there', ...request.argv.slice(1)] }),
      },
    });
    const error = await failureOf(new Plan().inside(without, ip`link add name one type bridge`));
    expect(error.message).toContain('exec: "ip-that-is-not-there": executable file not found in $PATH');
  });

  test('a namespace that is deleted midway', async () => {
    const before = left.state();
    const plan = new Plan()
      .inside(a, ip`link add name one type bridge`, { undo: ip`link del dev one` })
      .do(
        a,
        code(() => right.remove()),
      )
      .inside(b, ip`link add name inner type bridge`, { undo: ip`link del dev inner` })
      .inside(a, ip`link add name v0 type veth peer name eth0 netns ${right.path}`, { undo: ip`link del dev v0` });
    const error = await failureOf(plan);
    // The open namespace could still be worked in; its path could not be resolved any more.
    expect(error.message).toContain('no such file or directory');
    expect(error.details).toContain('the network namespace is gone');
    expect(left.state()).toEqual(before);
  });

  test('an abort signal between two steps', async () => {
    const before = left.state();
    const controller = new AbortController();
    const plan = new Plan()
      .inside(a, ip`link add name one type bridge`, { undo: ip`link del dev one` })
      .do(
        a,
        code(() => controller.abort()),
      )
      .inside(a, ip`link add name two type bridge`, { undo: ip`link del dev two` });
    const error = await failureOf(plan, { signal: controller.signal });
    expect(error.message).toBe('interrupted');
    expect(left.state()).toEqual(before);
  });

  test('an undo that fails is reported, and the others are still tried', async () => {
    const plan = new Plan()
      .inside(a, ip`link add name one type bridge`, { undo: ip`link del dev one` })
      .inside(a, ip`link add name two type bridge`, { undo: [ip`link set dev two mtu 1`, ip`link del dev two`] })
      .inside(a, ip`link add name three type bridge`, { undo: ip`link del dev gone-already` })
      .inside(a, ip`link set dev nope up`);
    const error = await failureOf(plan);
    expect(error.leftovers).toHaveLength(1);
    expect(error.leftovers[0]).toContain('ip link set dev two mtu 1');
    expect(error.details).toContain('could not be undone');
    expect(left.ip('-o link show')).not.toMatch(/one|two/);
  });
});

describe('groups that overlap', () => {
  const sleepy = (ms: number, log: string[], name: string) => ({
    kind: 'sleep',
    print: () => [`sleep ${ms / 1000}`],
    run: async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      log.push(`${name} ends`);
      return {};
    },
  });

  test('run at the same time, and the next step waits for both', async () => {
    const log: string[] = [];
    await runPlan(
      new Plan()
        .together(new Plan().do(a, sleepy(150, log, 'slow')), new Plan().do(b, sleepy(20, log, 'fast')))
        .do(a, sleepy(1, log, 'last')),
    );
    expect(log).toEqual(['slow begins', 'fast begins', 'fast ends', 'slow ends', 'last begins', 'last ends']);
  });

  test('when one fails, the others come to rest before both are undone', async () => {
    const before = [left.state(), right.state()];
    const log: string[] = [];
    // On a busy machine the failure could come first, and then the other group would not begin.
    const untilBegun = {
      kind: 'wait',
      print: () => [],
      run: async () => {
        await expect.poll(() => log).toContain('slow begins');
        return {};
      },
    };
    const plan = new Plan().together(
      new Plan()
        .inside(a, ip`link add name one type bridge`, { undo: ip`link del dev one` })
        .do(a, sleepy(200, log, 'slow'), {
          undo: code(() => log.push('undo')),
        }),
      new Plan()
        .inside(b, ip`link add name two type bridge`, { undo: ip`link del dev two` })
        .do(b, untilBegun)
        .inside(b, ip`link set dev nope up`),
    );
    const error = await failureOf(plan);
    expect(error.message).toContain('link set dev nope up: no such device');
    expect(log).toEqual(['slow begins', 'slow ends', 'undo']);
    expect([left.state(), right.state()]).toEqual(before);
  });
});

test('a link that is removed and made again within a plan is not mistaken for the old one', async () => {
  await runPlan(
    new Plan()
      .inside(a, ip`link add name v0 type veth peer name v1`)
      .inside(a, ip`link show dev v1`)
      .inside(a, ip`link del dev v0`)
      .inside(a, ip`link add name v0 type veth peer name v1`)
      .inside(a, ip`link set dev v1 up`),
  );
  expect(left.ip('-o link show dev v1')).toContain('UP');
});

test('a trace has a line for every step, and one that cannot be written changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trace-'));
  const path = `${folder}/trace`;
  await failureOf(
    new Plan()
      .inside(a, ip`link add name one type bridge`, { undo: ip`link del dev one` })
      .inside(a, ip`link set dev nope up`)
      .inside(a, ip`link set dev one up`),
    { trace: traceFrom({ CNI_TS_TRACE: path }, 'bridge') },
  );
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(entries.map((entry) => entry['outcome'])).toEqual(['ok', 'failed', 'not run', 'undone']);
  expect(entries[1]).toMatchObject({ plugin: 'bridge', place: left.path, errno: 'ENODEV', batch: 1 });
  rmSync(folder, { recursive: true });
  await runPlan(new Plan().inside(a, ip`link show dev lo`), { trace: traceFrom({ CNI_TS_TRACE: '/proc/nope/x' }) });
});

test('what a plan prints can be pasted', async () => {
  const lines = tenSteps().print();
  for (const line of lines) expect(spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stderr).toBe('');
  const byHand = left.ip('-j route show');
  expect(byHand).toContain('10.2.0.0/16');
});
