import { readTextFile } from '../../../pkg/sys/files/files.ts';
import type { Check, Diagnosis } from '../check.ts';

const BRIDGED = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const TRACKED = '/proc/sys/net/netfilter/nf_conntrack';

/** What of the kernel the network of containers leans on. */
export const kernel: Check = {
  name: 'kernel',
  run({ networks }) {
    const [count, max] = ['count', 'max'].map((name) => Number(readTextFile(`${TRACKED}_${name}`) ?? '0'));
    return [...(networks.length === 0 ? [] : bridgeFilter(readTextFile(BRIDGED))), ...tracking(count ?? 0, max ?? 0)];
  },
};

/** Whether packets between containers on one bridge pass the rules of services. */
export function bridgeFilter(value: string | undefined): readonly Diagnosis[] {
  if (value?.trim() === '1') return [];
  const means = 'in Kubernetes a service does not answer a container on the node of the one that serves it';
  if (value === undefined) {
    const mend = 'modprobe br_netfilter, and its name in /etc/modules-load.d/ for the next boot';
    return [{ severity: 'note', found: 'the module br_netfilter is not loaded', means, mend }];
  }
  const mend = 'sysctl -w net.bridge.bridge-nf-call-iptables=1';
  return [{ severity: 'warning', found: 'net.bridge.bridge-nf-call-iptables is 0', means, mend }];
}

/** Whether the table of flows is nearly full. */
export function tracking(count: number, max: number): readonly Diagnosis[] {
  if (max === 0 || count < max * 0.9) return [];
  return [
    {
      severity: count >= max ? 'error' : 'warning',
      found: `the kernel follows ${count} of at most ${max} flows`,
      means: 'new connections are dropped when the table is full',
      mend: `sysctl -w net.netfilter.nf_conntrack_max=${max * 2}, and find out who opens so many: conntrack -L`,
    },
  ];
}
