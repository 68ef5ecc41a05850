// npm test [-- --only lint|unit|build|fuzz|ipam|netns|netns-ip|runtimes|proof|hostile|sanitized|vm …] [-- --full] [-- --driver ip|native]: everything that has to hold, cheapest first.
import { parseArgs } from 'node:util';
import { DRIVERS } from '../test/netns/harness/drivers.ts';
import { FULL_PROOF } from '../test/proof/size.ts';
import { print, seconds, style } from './lib/print.ts';
import { runCommands, runVitest, runVitestWithoutTrace, type TierOutcome, withoutTrace } from './lib/tier.ts';
import { runVitestInGuest } from './lib/vm/vitest.ts';

const RUN = ['node', 'scripts/run.mjs'] as const;

/** Of a failure's reason, what is repeated at the end. */
const REASON_LINES = 12;

interface Step {
  readonly name: string;
  /** The values of --only that need this step. */
  readonly for: readonly string[];
  readonly needsExecutable?: true;
  run(): Promise<TierOutcome>;
}

/** The tier that is run by the hand that `--hand` says, which no other minds. */
const BY_EITHER_DRIVER = 'netns';

/** The steps in order. */
const STEPS: readonly Step[] = [
  { name: 'lint', for: ['lint'], run: () => runCommands([['biome', 'check', '.'], ['tsc']]) },
  {
    name: 'compile',
    for: ['build', 'fuzz', 'ipam', 'netns', 'netns-ip', 'runtimes', 'proof', 'hostile', 'vm'],
    run: () => runCommands([[...RUN, 'scripts/build.ts']]),
  },
  { name: 'unit', for: ['unit'], run: () => runVitest('unit') },
  { name: 'build', for: ['build'], needsExecutable: true, run: () => runVitest('build') },
  { name: 'fuzz', for: ['fuzz'], needsExecutable: true, run: () => runVitest('fuzz') },
  { name: 'ipam', for: ['ipam'], needsExecutable: true, run: () => runVitestWithoutTrace('ipam') },
  { name: 'netns', for: ['netns'], needsExecutable: true, run: () => runVitestWithoutTrace('netns') },
  { name: 'netns-ip', for: ['netns-ip'], needsExecutable: true, run: () => runVitestWithoutTrace('netns-ip') },
  { name: 'runtimes', for: ['runtimes'], needsExecutable: true, run: () => runVitestWithoutTrace('runtimes') },
  { name: 'proof', for: ['proof'], needsExecutable: true, run: () => runVitestWithoutTrace('proof') },
  { name: 'hostile', for: ['hostile'], needsExecutable: true, run: () => runVitestWithoutTrace('hostile') },
  { name: 'sanitized', for: ['sanitized'], run: () => runVitestWithoutTrace('sanitized') },
  { name: 'vm', for: ['vm'], needsExecutable: true, run: () => withoutTrace(() => runVitestInGuest()) },
];

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, full: { type: 'boolean' }, driver: { type: 'string' } },
});
if (values.full) process.env[FULL_PROOF] = '1';
if (values.driver !== undefined) useDriver(values.driver);
const known = new Set(STEPS.flatMap((step) => step.for));
for (const only of values.only ?? []) {
  if (!known.has(only)) throw new Error(`--only is one of ${[...known].join(', ')}, not "${only}"`);
}
const wanted = values.only ?? (values.driver === undefined ? [...known] : [BY_EITHER_DRIVER]);

const outcomes = new Map<string, TierOutcome>();
for (const step of STEPS) {
  if (!step.for.some((name) => wanted.includes(name))) continue;
  // With no executable, or an old one, its tests would say nothing; the failure is counted already.
  if (step.needsExecutable && outcomes.get('compile')?.failed !== 0) continue;
  print(style('bold', `\n━━ ${step.name}`));
  outcomes.set(step.name, await step.run());
}

print();
for (const [name, outcome] of outcomes) {
  const mark = outcome.failed === 0 ? style('green', '✓') : style('red', '✗');
  print(`${mark} ${name.padEnd(8)} ${seconds(outcome.milliseconds).padStart(8)}  ${describe(outcome)}`);
  if (outcome.problem !== undefined) print(`    ${style('red', outcome.problem)}`);
  for (const failure of outcome.failures ?? []) {
    print(`    ${style('red', failure.name)}`);
    for (const line of failure.reason.split('\n').slice(0, REASON_LINES)) print(`      ${line}`);
  }
}
const total = (key: 'passed' | 'failed' | 'skipped') =>
  [...outcomes.values()].reduce((sum, outcome) => sum + outcome[key], 0);
const sum = { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
process.exitCode = sum.failed === 0 ? 0 : 1;
print(describe(sum));

/** Has the tests that come tell all plugins by what to speak to the kernel. */
function useDriver(name: string): void {
  const driver = DRIVERS.get(name);
  if (driver === undefined) throw new Error(`--driver is one of ${[...DRIVERS.keys()].join(', ')}, not "${name}"`);
  const other = values.only?.find((tier) => tier !== BY_EITHER_DRIVER);
  if (other !== undefined) throw new Error(`--driver is for --only ${BY_EITHER_DRIVER}, not for ${other}`);
  Object.assign(process.env, driver);
}

function describe({ passed, failed, skipped }: Pick<TierOutcome, 'passed' | 'failed' | 'skipped'>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
