import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { ROOT } from './project.ts';
import { differenceSince, RUN_MARKER, takeSnapshot } from './snapshot.ts';

/** How a step of the test run ended. */
export interface TierOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly milliseconds: number;
  /** Why it counts as failed although no single test does. */
  readonly problem?: string;
  /** What failed and why, so that the end of a long output says it once more. */
  readonly failures?: readonly Failure[];
}

/** One test, or a file that could not be loaded, with the reason. */
export interface Failure {
  readonly name: string;
  readonly reason: string;
}

/** The part of vitest's JSON report that is added up. */
interface Report {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly FileResult[];
}

interface FileResult {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[];
  }[];
}

/** Runs commands one after another; they count for nothing when they succeed and as one failure otherwise. */
export async function runCommands(commands: readonly (readonly [string, ...string[]])[]): Promise<TierOutcome> {
  const start = performance.now();
  const failures: string[] = [];
  for (const [command, ...args] of commands) {
    const { failed } = await execa(command, args, { cwd: ROOT, stdio: 'inherit', preferLocal: true, reject: false });
    if (failed) failures.push([command, ...args].join(' '));
  }
  const milliseconds = performance.now() - start;
  if (failures.length === 0) return { passed: 0, failed: 0, skipped: 0, milliseconds };
  return { passed: 0, failed: 1, skipped: 0, milliseconds, problem: `failed: ${failures.join(', ')}` };
}

/** Runs one vitest project in a process of its own and reads its report. */
export async function runVitest(project: string): Promise<TierOutcome> {
  const start = performance.now();
  const report = join(ROOT, 'dist/test', `${project}.json`);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { exitCode, signal } = await execa('vitest', ['run', '--project', project, '--passWithNoTests', ...reporters], {
    cwd: ROOT,
    stdio: 'inherit',
    preferLocal: true,
    reject: false,
    env: { [RUN_MARKER]: String(process.pid) },
  });
  return outcomeOf(report, exitCode ?? signal, performance.now() - start);
}

/** What the report of a vitest run says, and how the run itself ended. */
export function outcomeOf(report: string, end: number | string | undefined, milliseconds: number): TierOutcome {
  const counts = readReport(report);
  if (counts === undefined) {
    return { passed: 0, failed: 1, skipped: 0, milliseconds, problem: 'vitest left no report' };
  }
  // An error outside of any test: vitest fails without a failed test.
  if (end !== 0 && counts.failed === 0) {
    return { ...counts, failed: 1, milliseconds, problem: `vitest ended with ${end}` };
  }
  return { ...counts, milliseconds };
}

/** Like {@link runVitest}, but it also fails when the machine is not afterwards as it was before. */
export function runVitestWithoutTrace(project: string): Promise<TierOutcome> {
  return withoutTrace(() => runVitest(project));
}

/** Runs a tier that also fails when the machine is not afterwards as it was before. */
export async function withoutTrace(tier: () => Promise<TierOutcome>): Promise<TierOutcome> {
  const run = String(process.pid);
  const before = await takeSnapshot(run);
  const outcome = await tier();
  const difference = await differenceSince(before, run);
  if (difference.length === 0) return outcome;
  const problem = [outcome.problem, 'the tests changed the machine:', ...difference].filter(Boolean).join('\n    ');
  return { ...outcome, failed: outcome.failed + 1, problem };
}

type Counts = Pick<TierOutcome, 'passed' | 'failed' | 'skipped' | 'failures'>;

function readReport(file: string): Counts | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const skipped = report.numPendingTests + report.numTodoTests;
    const failures = report.testResults.flatMap(failuresOf);
    return { passed: report.numPassedTests, failed: failures.length, skipped, failures };
  } catch {
    return undefined;
  }
}

/** A file that cannot be loaded or prepared fails without a test that does. */
function failuresOf(file: FileResult): Failure[] {
  const name = relative(ROOT, file.name);
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  if (file.status === 'failed' && failed.length === 0) return [{ name, reason: file.message }];
  return failed.map((test) => ({ name: `${name} > ${test.fullName}`, reason: test.failureMessages.join('\n') }));
}
