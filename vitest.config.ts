import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{pkg,plugins,cli,scripts}/**/*.test.ts', 'test/protocol/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          // What `npm run build` left in dist/.
          name: 'build',
          include: ['test/build/**/*.test.ts'],
          testTimeout: 60_000,
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
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'netns',
          include: ['test/netns/**/*.test.ts'],
          testTimeout: 120_000,
          // Each file owns its namespaces; two cores, so two files at a time.
          maxWorkers: 2,
        },
      },
    ],
  },
});
