import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linePlot } from '../../bench/plot.ts';
import { ROOT } from '../../scripts/lib/project.ts';
import { createHost } from '../netns/harness/host.ts';
import type { PluginEntry } from '../netns/harness/libcni-conf.ts';
import { BUILT_PLUGINS } from '../netns/harness/plugin.ts';
import { podmanPlugins } from '../netns/harness/podman-list.ts';
import { expectRestored, takeSnapshot } from '../netns/harness/snapshot.ts';
import { bySize } from './size.ts';
import { type Course, courseOf, pieces, quantile, readSoak, type Soak, slopeOf } from './soak-figures.ts';

/** Fewer in the whole proof, where somebody has less time. */
const WHOLE = Number(process.env['CNI_TS_PROOF_CYCLES'] ?? 5000);
const CYCLES = bySize(100, WHOLE);
const FOLDER = join(ROOT, 'dist/proof');

/** How much more the end may have than the beginning. Times of few pods are mostly the machine's own ups and downs. */
const BOUNDS = { memory: 1.15, add: CYCLES < 1000 ? 3 : 1.15, del: CYCLES < 1000 ? 3 : 1.15 } as const;

const MAPPING = { hostPort: 8080, containerPort: 80, protocol: 'tcp' };

/** podman's chain; what portmap is told stands in its configuration. */
const CHAIN: readonly PluginEntry[] = podmanPlugins({ subnet: '10.89.0.0/24', gateway: '10.89.0.1' }).map((plugin) =>
  plugin.type === 'portmap' ? { type: 'portmap', runtimeConfig: { portMappings: [MAPPING] } } : plugin,
);

/** The last address that was given; and what the kernel adds to a bridge a second or two after its first port. */
const MAY_CHANGE: readonly RegExp[] = [
  /^file \/var\/lib\/cni\/networks\/(?:\w+\/last_reserved_ip\.\d|\.cni-ts\/\w+\/\.state) /,
  /^host route-6 .*"dst":"fe80::.*"dev":"cni-podman1"/,
];

test('the figures show what grows', () => {
  const flat = Array.from({ length: 1000 }, (_, index) => 20_000 + ((index * 7919) % 5000));
  expect(Math.abs(courseOf(flat).growth)).toBeLessThan(0.02);
  const growing = flat.map((value, index) => value + 5 * index);
  expect(courseOf(growing).growth).toBeCloseTo(0.2, 1);
  expect(courseOf(growing).last).toBeGreaterThan(courseOf(growing).first * 1.2);
  expect(slopeOf([1, 3, 5, 7])).toBe(2);
  expect(pieces([1, 2, 3, 4], 2)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  // A machine that is twice as slow at the end makes nothing grow.
  const slower = flat.map((value, index) => value * (1 + index / 1000));
  expect(courseOf(slower).growth).toBeGreaterThan(0.5);
  expect(
    courseOf(
      slower,
      slower.map((value) => value / 10),
    ).growth,
  ).toBeCloseTo(0);
  expect(readSoak('stock files=3 flows=0\n1 25 30 4096 9\n')).toEqual({
    cycles: [{ number: 1, add: 25, del: 30, peakKiB: 4096, version: 9 }],
    stocks: [{ files: 3, flows: 0 }],
  });
});

test(`${CYCLES} pods of podman's chain, one after another: nothing grows`, async () => {
  const host = await createHost('soak');
  try {
    const lines = CHAIN.map((plugin) => {
      const conf = JSON.stringify({ cniVersion: '0.4.0', name: 'podnet', ...plugin });
      return `${plugin.type}\t${conf.slice(0, -1)}\n`;
    });
    const soak = async (first: number, count: number): Promise<Soak> => {
      const numbers = [first, count, Math.max(1, Math.floor(count / 50))].map(String);
      const argv = ['perl', join(ROOT, 'test/proof/soak-loop.pl'), BUILT_PLUGINS, ...numbers];
      const { exitCode, stdout, stderr } = await host.run(argv, { stdin: lines.join(''), timeoutMs: 3_600_000 });
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      return readSoak(stdout);
    };
    // What all containers share is made by the first, and files are in memory then.
    await soak(-4, 5);
    const before = await takeSnapshot(host, { ignore: MAY_CHANGE });
    const { cycles, stocks } = await soak(1, CYCLES);
    await expectRestored(host, before, { ignore: MAY_CHANGE });
    expect(cycles).toHaveLength(CYCLES);

    for (const name of ['files', 'rules', 'links']) {
      expect(new Set(stocks.map((stock) => stock[name])), name).toEqual(new Set([stocks[0]?.[name]]));
    }
    // A bridge itself is heard now and then, and that is forgotten after ten minutes.
    expect(Math.max(...stocks.map(({ flows = 0 }) => flows))).toBeLessThan(10);
    const versions = cycles.map(({ version }) => version);
    const courses = {
      // In times of a mere VERSION.
      add: courseOf(
        cycles.map(({ add }) => add),
        versions,
      ),
      del: courseOf(
        cycles.map(({ del }) => del),
        versions,
      ),
      memory: courseOf(cycles.map(({ peakKiB }) => peakKiB)),
    };
    report({ cycles, stocks }, courses);
    for (const name of ['memory', 'add', 'del'] as const) {
      const { first, last, growth } = courses[name];
      expect(last, name).toBeLessThan(first * BOUNDS[name]);
      expect(growth, name).toBeLessThan(BOUNDS[name] - 1);
    }
  } finally {
    await host.dispose();
  }
});

/** Prints the figures; a whole proof leaves them as files too. */
function report({ cycles, stocks }: Soak, courses: Readonly<Record<string, Course>>): void {
  const [first, last] = [stocks[0] ?? {}, stocks.at(-1) ?? {}];
  const medians = {
    add: quantile(
      cycles.map(({ add }) => add),
      0.5,
    ),
    del: quantile(
      cycles.map(({ del }) => del),
      0.5,
    ),
    version: quantile(
      cycles.map(({ version }) => version),
      0.5,
    ),
    memory: Math.max(...cycles.map(({ peakKiB }) => peakKiB)),
  };
  const figures = { cycles: cycles.length, medians, courses, first, last };
  console.info(JSON.stringify(figures));
  if (bySize(true, false)) return;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'soak.json'), `${JSON.stringify({ ...figures, stocks }, null, 2)}\n`);
  const line = (name: string, key: 'add' | 'del', isOurs: boolean) => ({
    name,
    isOurs,
    points: pieces(
      cycles.map((cycle) => cycle[key] / 1000),
      100,
    ).map((piece, index): [number, number] => {
      return [((index + 1) * cycles.length) / 100, quantile(piece, 0.5)];
    }),
  });
  const note = `the median of every ${cycles.length / 100}; at most ${Math.round(medians.memory / 1024)} MiB for a plugin`;
  const title = `${cycles.length} pods of podman’s chain, one after another`;
  writeFileSync(
    join(FOLDER, 'soak.svg'),
    linePlot(title, note, [line('ADD', 'add', true), line('DEL', 'del', false)], false),
  );
}
