import { join } from 'node:path';
import { driver } from '../driver.ts';
import { ROOT } from '../project.ts';
import { referencePlugins } from '../reference.ts';
import { outcomeOf, type TierOutcome } from '../tier.ts';
import { runInGuest } from './guest.ts';

/** What the guest leaves behind: the report and its console. */
const RESULTS = join(ROOT, 'dist/test/vm');

const LIMIT_MS = 15 * 60_000;

/** Runs vitest in the virtual machine, by default the tests that are written for it, and reads its report. */
export async function runVitestInGuest(args: readonly string[] = []): Promise<TierOutcome> {
  const start = performance.now();
  try {
    // The guest has no network and little speed, so what tests fetch or compile has to be there before.
    await referencePlugins();
    await driver('test/netns/native-forms-driver.ts');
    const project = args.includes('--project') ? [] : ['--project', 'vm'];
    const reporters = ['--reporter=verbose', '--reporter=json', '--outputFile.json=/share/report.json'];
    const argv = ['node_modules/.bin/vitest', 'run', ...project, ...reporters, ...args].map(quote);
    const colour = process.stdout.isTTY === true ? 'FORCE_COLOR=1' : 'NO_COLOR=1';
    const command = `CNI_TS_GUEST=1 ${colour} ${argv.join(' ')}`;
    const status = await runInGuest({ command, results: RESULTS, limitMs: LIMIT_MS });
    return outcomeOf(join(RESULTS, 'report.json'), status, performance.now() - start);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { passed: 0, failed: 1, skipped: 0, milliseconds: performance.now() - start, problem };
  }
}

/** One word for a shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
