import type { Host } from '../test/netns/harness/host.ts';
import type { TimedChain } from './chain-loop.ts';

/** What a verb of a whole chain takes besides time. */
export interface Costs {
  /** Programs started, the plugins themselves among them. */
  readonly starts: number;
  /** The most memory that one of its plugins, or a program of theirs, had at a time, in megabytes. */
  readonly megabytes: number;
}

/** Verbs that are looked at, in the order in which they are called. */
export type Verb = 'ADD' | 'CHECK' | 'DEL';

/**
 * Runs a program and prints how much memory it and what it started had at most, in kB, as the kernel counted. Perl,
 * which every Debian has, because the kernel counts whoever starts a program in: that has to be something small.
 */
const RUSAGE = { x64: 98, arm64: 165 } as const;
const MEMORY_SCRIPT = `open(my $err, ">&", STDERR); system(@ARGV); my $use = "\\0" x 144;
syscall(${RUSAGE[process.arch === 'arm64' ? 'arm64' : 'x64']}, -1, $use); print $err "\\nkB ", unpack("x32 q", $use), "\\n";`;

/** Takes one container up and down and counts, apart from all measuring of time. */
export async function costsOf(host: Host, netns: string, chain: TimedChain): Promise<Readonly<Record<Verb, Costs>>> {
  const once = async (wrapped: readonly string[], read: (stderr: string) => number, sum: boolean) => {
    const found: Record<Verb, number> = { ADD: 0, CHECK: 0, DEL: 0 };
    let prevResult: unknown;
    for (const verb of ['ADD', 'CHECK', 'DEL'] as const) {
      for (const plugin of verb === 'DEL' ? [...chain.plugins].reverse() : chain.plugins) {
        const { stdout, stderr } = await host.run([...wrapped, `${chain.folder}/${plugin.type}`], {
          stdin: JSON.stringify({
            ...plugin,
            cniVersion: chain.cniVersion,
            name: chain.network,
            ...(prevResult === undefined ? {} : { prevResult }),
          }),
          env: {
            CNI_COMMAND: verb,
            CNI_CONTAINERID: 'counted',
            CNI_NETNS: netns,
            CNI_IFNAME: 'eth0',
            CNI_PATH: chain.folder,
          },
        });
        if (verb === 'ADD') prevResult = JSON.parse(stdout);
        const value = read(stderr);
        found[verb] = sum ? found[verb] + value : Math.max(found[verb], value);
      }
    }
    return found;
  };
  const strace = ['strace', '-f', '-qq', '-e', 'trace=execve', '-e', 'signal=none'];
  const starts = await once(
    strace,
    (text) => [...text.matchAll(/execve\(.*(?: = 0| <unfinished \.\.\.>)$/gm)].length,
    true,
  );
  const memory = await once(
    ['perl', '-e', MEMORY_SCRIPT],
    (text) => Number(/\nkB (\d+)/.exec(text)?.[1]) / 1000,
    false,
  );
  const of = (verb: Verb): Costs => ({ starts: starts[verb], megabytes: memory[verb] });
  return { ADD: of('ADD'), CHECK: of('CHECK'), DEL: of('DEL') };
}
