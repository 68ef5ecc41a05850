import { describe, expect, test } from 'vitest';
import { bySize } from '../../proof/size.ts';
import { useHost } from '../harness/use.ts';
import { OURS } from './suites.ts';
import { BACKENDS, callOf, containerRulesOn, type Mapped, type Mapping, notesOn, SHARED, succeed } from './support.ts';

const SIZES = bySize([1, 100, 1000, 5000], [1, 100, 1000, 5000, 20_000]);
const DRIVERS = [
  { driver: 'native', env: {} },
  { driver: 'exec', env: { CNI_TS_NETFILTER: 'exec' } },
] as const;

const host = await useHost({ mayStay: SHARED });
await host.ip('link add br0 type bridge');
// An address of IPv6 would appear in the middle of a test.
await host.ip('link set dev br0 addrgenmode none');
await host.ip('addr add 10.99.0.1/16 dev br0');
await host.ip('link set dev br0 up');

function ports(count: number): readonly Mapping[] {
  return Array.from({ length: count }, (_, index) => {
    return { hostPort: 10_000 + index, containerPort: 80, protocol: index % 10 === 9 ? 'udp' : 'tcp' };
  });
}

describe.each(BACKENDS)('%s', (backend) => {
  describe.each(DRIVERS)('$driver', ({ driver, env }) => {
    test('what a port takes does not grow with their number, and nothing stays', async () => {
      // Asked for each rule, the program of iptables itself goes through all of a chain.
      const verbs = backend === 'iptables' && driver === 'exec' ? ['ADD', 'DEL'] : ['ADD', 'CHECK', 'DEL'];
      const each = new Map<number, readonly number[]>();
      for (const count of SIZES) {
        const mapped: Mapped = { pod: await host.addPod(), mappings: ports(count), conf: { backend } };
        const times: number[] = [];
        for (const verb of verbs) {
          const { ms } = await succeed(host, OURS, { ...callOf(verb, mapped), env, timeoutMs: 300_000 });
          times.push(ms);
        }
        console.log(
          `${backend}, ${driver}: ${count} ports, ${verbs.join(', ')} in ms: ${times.map(Math.round).join(', ')}`,
        );
        each.set(
          count,
          times.map((ms) => ms / count),
        );
        expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
      }
      const [thousand = [], most = []] = [each.get(1000), each.get(SIZES.at(-1) ?? 0)];
      // What grows with the square takes five times as long for each, or twenty; a busy machine makes some difference.
      for (const [index, ms] of most.entries()) expect(ms).toBeLessThan(3 * (thousand[index] ?? 0) + 0.05);
    }, 600_000);
  });
});
