import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../scripts/lib/project.ts';
import { createHost, type Host } from '../netns/harness/host.ts';
import { type Outcome, PATH, type RunOptions, runMarker } from '../netns/harness/place.ts';
import { filesOf } from '../netns/harness/snapshot.ts';

/** A system call that is not carried out: the N-th of its name that the program itself makes. */
export interface CallFault {
  readonly call: string;
  readonly ordinal: number;
  readonly errno: string;
  /** A request over netlink that seems to be sent, so many bytes; its answer is the kernel's refusal. */
  readonly refusedBytes?: number | undefined;
}

/**
 * A host with a process that stays there: it starts programs without `nsenter`, has their system calls fail without
 * strace, and sees in a few milliseconds whether the network changed.
 */
export interface ResidentHost extends Host {
  /** Runs a program of which one call fails; `hits` counts what was kept from the kernel. */
  runWithFault(
    argv: readonly string[],
    options: RunOptions,
    fault: CallFault,
  ): Promise<Outcome & { readonly hits: number }>;
  /** The host, its pods and its files: what is the same twice is in the same state, others need not be in another. */
  fingerprint(): Promise<string>;
}

const SCRIPT = join(ROOT, 'test/proof/faults-resident.pl');

/** Makes a host of this kind. */
export async function createResidentHost(purpose: string): Promise<ResidentHost> {
  const host = await createHost(purpose);
  const [program, ...args] = host.enter;
  const child = spawn(program, [...args, 'perl', SCRIPT], {
    env: { PATH, ...runMarker() },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const ask = (...words: readonly string[]): Promise<string> => {
    const answer = last.then(async () => {
      child.stdin.write(`${words.join(' ')}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${host.name}: its resident has ended`);
      return value;
    });
    last = answer.catch(() => {});
    return answer;
  };
  const run = async (argv: readonly string[], options: RunOptions, fault: readonly string[]) => {
    const { env = {}, stdin = '', timeoutMs = 30_000 } = options;
    const variables = Object.entries({ PATH, ...runMarker(), ...env }).map(([name, value]) => `${name}=${value}`);
    const words = [String(timeoutMs / 1000), hexOf(argv), hexOf(variables), hexOf([stdin], '')];
    const answer = await ask('run', ...words, ...fault);
    const [status = '', hits, seconds, stdout = '', stderr = ''] = answer.split(' ');
    return {
      exitCode: status === '-' ? undefined : Number(status),
      hits: Number(hits),
      ms: Number(seconds) * 1000,
      stdout: textOf(stdout),
      stderr: textOf(stderr),
    };
  };
  return {
    ...host,
    get pods() {
      return host.pods;
    },
    run: (argv, options = {}) => run(argv, options, []),
    runWithFault: (argv, options, { call, ordinal, errno, refusedBytes }) =>
      run(argv, options, [call, ordinal, errno, refusedBytes ?? []].flat().map(String)),
    async fingerprint() {
      const network = await ask('look', ...host.pods.map(({ path }) => hexOf([path], '')));
      return [network, ...filesOf(host)].join('\n');
    },
    dispose: () => host.dispose(),
  };
}

/** A list of texts as one word, or one text with nothing behind it. */
function hexOf(texts: readonly string[], end = '\0'): string {
  return `=${Buffer.from(texts.map((text) => `${text}${end}`).join('')).toString('hex')}`;
}

function textOf(word: string): string {
  return Buffer.from(word.slice(1), 'hex').toString();
}
