import { join } from 'node:path';
import { ROOT } from '../../../scripts/lib/project.ts';
import type { Pod } from '../../netns/harness/host.ts';
import type { Background } from '../../netns/harness/place.ts';

/** What root in a container, with the right to change his network, does there to whoever comes to look after it. */
export interface Attack {
  readonly title: string;
  /** Shell commands before ADD, when the pod has nothing but `lo`. */
  readonly before?: string;
  /** Shell commands after it; `$IF` is the interface. */
  readonly after?: string;
  /** A program that goes on from before ADD until after the last DEL. */
  readonly meanwhile?: readonly string[];
  /** Whether CHECK may fail: what ADD made is not there any more. */
  readonly spoils?: true;
}

const MANY = { altnames: 400, addresses: 10_000, routes: 10_000, links: 1_000 };

const LONG_NAME = `$(printf '%0127d' $n)`;
/** Runs `ip` once with a line for each number. */
const batch = (count: number, line: string) =>
  `n=0; while [ $n -lt ${count} ]; do echo "${line}"; n=$((n+1)); done | ip -batch - 2>/dev/null`;
const OCTETS = '$((n/250)).$((n%250+1))';

/** One round of changes; whatever of it cannot be done is done in the next one. */
const CHANGES = `link set change0 down
link set change0 name change2
link set change2 name change0
addr add 10.81.0.1/24 dev change0
link set change0 up
route add blackhole 10.82.0.0/16
rule add from 10.83.0.0/16 table 7
link add more0 type veth peer name more1
link set change0 alias x
link set change0 mtu 1400
link property add dev change0 altname other
link property del dev change0 altname other
link set change0 mtu 1500
link del dev more0
rule del from 10.83.0.0/16 table 7
route del blackhole 10.82.0.0/16
addr del 10.81.0.1/24 dev change0
`;

/** Every attack by itself. */
export const ATTACKS: readonly Attack[] = [
  {
    title: `${MANY.altnames} alternative names`,
    after: batch(MANY.altnames, `link property add dev $IF altname ${LONG_NAME}`),
  },
  {
    title: `${MANY.addresses} addresses`,
    before: `ip link add crowd type veth peer name crowd1; ${batch(MANY.addresses, `addr add 10.77.${OCTETS}/32 dev crowd`)}`,
    after: batch(MANY.addresses, `addr add 10.78.${OCTETS}/32 dev $IF`),
  },
  {
    title: `${MANY.routes} routes`,
    before: `ip link set lo up; ${batch(MANY.routes, `route add blackhole 10.79.${OCTETS}/32`)}`,
    after: batch(MANY.routes, `route add blackhole 10.80.${OCTETS}/32 table 100`),
  },
  {
    title: `${MANY.links} links`,
    before: batch(MANY.links / 2, 'link add a$n type veth peer name b$n'),
  },
  {
    title: 'names and aliases of others',
    before: 'ip link add eth0x type veth peer name cni0; ip link set eth0x alias cni-ts:net/c2/eth0',
    after:
      'ip link set $IF down; ip link set $IF name was0; ip link set was0 alias lan0; ip link add $IF type veth peer name spare0; ip link set $IF alias spare0; ip link property add dev was0 altname host0 altname lan0',
    spoils: true,
  },
  {
    title: 'the interface moved into a namespace of its own',
    after: 'unshare --net sleep 3 </dev/null >/dev/null 2>&1 & sleep 0.1; ip link set $IF netns $!',
    spoils: true,
  },
  { title: 'the interface deleted', after: 'ip link del dev $IF 2>/dev/null; true', spoils: true },
  { title: 'answers in the kernel’s place', meanwhile: ['perl', join(ROOT, 'test/hostile/pod/forge.pl')] },
  {
    title: 'changes all the time',
    before: `ip link add change0 type veth peer name change1; ${batch(200, 'link add c$n type veth peer name d$n')}`,
    meanwhile: ['sh', '-c', `while :; do ip -force -batch - >/dev/null 2>&1 <<END\n${CHANGES.repeat(10)}END\ndone`],
  },
];

/** Starts what an attack does from before ADD on, by a program before it if there is one. */
export async function begin(
  attack: Attack,
  pod: Pod,
  wrapper: readonly string[] = [],
): Promise<Background | undefined> {
  if (attack.before !== undefined) await pod.run(['sh', '-c', attack.before], { timeoutMs: 60_000 });
  return attack.meanwhile === undefined ? undefined : pod.start([...wrapper, ...attack.meanwhile]);
}

/** Does what an attack does to the interface that ADD has made. */
export async function strike(attack: Attack, pod: Pod, ifName: string): Promise<void> {
  if (attack.after === undefined) return;
  await pod.run(['sh', '-c', attack.after], { env: { IF: ifName }, timeoutMs: 60_000 });
}
