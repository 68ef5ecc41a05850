import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, longest first; from a fresh checkout vitest knows nothing but how many bytes they have. */
const LONGEST = [
  'netns/bridge/failures',
  'netns/portmap/burst',
  'netns/flannel/failures',
  'netns/portmap/failures',
  'netns/bridge/burst',
  'netns/bridge/differential',
  'netns/own-plugin',
  'vm/bridge-differential',
  'ipam/crash',
  'proof/crash-programs',
];

/** Begins with the files that take longest, so that no worker is left alone with one of them at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const groups = [...new Set(sorted.map(({ project }) => project))];
    // Projects keep their turns.
    return groups.flatMap((group) => {
      const own = sorted.filter(({ project }) => project === group);
      const long = LONGEST.flatMap((name) => own.filter(({ moduleId }) => moduleId.endsWith(`test/${name}.test.ts`)));
      return [...long, ...own.filter((file) => !long.includes(file))];
    });
  }
}
