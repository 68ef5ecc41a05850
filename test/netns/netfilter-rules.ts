import type { Host } from './harness/host.ts';

/** The tables one by one: they are listed by age otherwise, and both families come to be at the same time. */
const SCRIPT = `
iptables-save -t nat
ip6tables-save -t nat
nft list tables | sort | while read -r table; do nft --stateless list $table; done
`;

/** Everything that the filter programs have to say, without handles, counters and dates. */
export async function rulesOf(on: Host): Promise<string> {
  const { stdout } = await on.run(['sh', '-c', SCRIPT]);
  return stdout
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''))
    .join('\n');
}
