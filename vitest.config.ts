import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/lib/longest-first.ts';
import { BY_IP } from './test/netns/harness/drivers.ts';

/** Only in the virtual machine that `npm run test:vm` starts: the kernel here may have nothing of what it is about. */
const vm = {
  test: {
    name: 'vm',
    include: ['test/vm/**/*.test.ts'],
    // An emulated processor is slow, and a new process for each file costs seconds.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    isolate: false,
    sequence: { groupOrder: 10 },
  },
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{bench,pkg,plugins,cli,scripts}/**/*.test.ts', 'test/{protocol,deploy,docs}/**/*.test.ts'],
          testTimeout: 60_000,
          // By default it would be one on a machine of two cores.
          maxWorkers: 2,
          // Projects with a number of workers of their own have to take turns; cheapest first.
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          // What `npm run build` left in dist/.
          name: 'build',
          include: ['test/build/**/*.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // Generated calls, in process and through the executable.
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          // Processes that share lease folders, ours and the reference's; temporary folders only.
          name: 'ipam',
          include: ['test/ipam/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'netns',
          include: ['test/netns/**/*.test.ts'],
          testTimeout: 120_000,
          // Each file owns its namespaces; two cores, so two files at a time.
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          // A part of netns again, by the programs instead of rtnetlink: forms that no test of the tier has them do anyway.
          name: 'netns-ip',
          include: ['test/netns/{bandwidth,macvlan,sbr,tap}/differential.test.ts'],
          env: BY_IP,
          testTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          // Container runtimes that call the plugins; each file has a node and a runtime of its own.
          name: 'runtimes',
          include: ['test/runtimes/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 6 },
        },
      },
      {
        test: {
          // The promises as a whole: killed anywhere, failing anywhere, swapped live, crowded, fed garbage, for long.
          name: 'proof',
          include: ['test/proof/**/*.test.ts'],
          testTimeout: 7_200_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 7 },
        },
      },
      {
        test: {
          // A pod that does all it can against whoever looks after it, and calls that are garbage.
          name: 'hostile',
          include: ['test/hostile/**/*.test.ts'],
          testTimeout: 7_200_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 8 },
        },
      },
      {
        test: {
          // The executable with an engine that ends at its first mistake with memory or arithmetic.
          name: 'sanitized',
          include: ['test/sanitized/**/*.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 9 },
        },
      },
      ...(process.env['CNI_TS_GUEST'] === undefined ? [] : [vm]),
    ],
  },
});
