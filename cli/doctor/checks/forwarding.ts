import { overwriteFile, readTextFile } from '../../../pkg/sys/files/files.ts';
import { hasProgram } from '../../../pkg/sys/process/find-program.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { Node } from '../node.ts';

const SETTINGS = [
  { family: 4, path: '/proc/sys/net/ipv4/ip_forward', name: 'net.ipv4.ip_forward' },
  { family: 6, path: '/proc/sys/net/ipv6/conf/all/forwarding', name: 'net.ipv6.conf.all.forwarding' },
] as const;

/** Whether the kernel passes packets from containers on, and whether it lets their answers in. */
export const forwarding: Check = {
  name: 'forwarding',
  async run(node) {
    return [...switchedOff(node), ...(await dropped(node)), ...strict(node)];
  },
};

/** A bridge with a gateway's address is there: whoever made it has switched forwarding on. */
function switchedOff({ networks, links }: Node): readonly Diagnosis[] {
  const inUse = networks.filter(({ bridge }) => links.some(({ ifname }) => ifname === bridge));
  return SETTINGS.flatMap(({ family, path, name }) => {
    const isWanted = inUse.some(({ gateways }) => gateways.some((gateway) => gateway.includes(':') === (family === 6)));
    if (!isWanted || readTextFile(path)?.trim() !== '0') return [];
    return [
      {
        severity: 'error',
        found: `${name} is 0`,
        means: `containers reach nothing outside of this node over IPv${family}`,
        mend: `sysctl -w ${name}=1, and look in /etc/sysctl.d for who switches it off`,
        fix: async () => {
          overwriteFile(path, '1\n');
          return `${name} is 1`;
        },
      } satisfies Diagnosis,
    ];
  });
}

/** Chains that let the packets of containers pass. */
const LETTING_PASS = /-j (?:ACCEPT|CNI-FORWARD|KUBE-FORWARD|FLANNEL-FWD|DOCKER-USER|cali-FORWARD|CILIUM_FORWARD)\b/;

async function dropped({ networks, configurations, site }: Node): Promise<readonly Diagnosis[]> {
  if (networks.length === 0 || !hasProgram('iptables')) return [];
  const { stdout } = await site.run(['iptables', '-w', '5', '-S', 'FORWARD']);
  const opens = configurations.winner?.entries.some(({ type }) => type === 'firewall') === true;
  if (!stdout.includes('-P FORWARD DROP') || LETTING_PASS.test(stdout) || opens) return [];
  return [
    {
      severity: 'error',
      found: 'the policy of iptables’ FORWARD chain is DROP, and no rule lets containers through',
      means: 'containers reach nothing outside, and nobody reaches their host ports',
      mend: 'add { "type": "firewall" } to the list, or: iptables -P FORWARD ACCEPT',
    },
  ];
}

/** The stricter of the two settings counts. */
function strict({ networks, links }: Node): readonly Diagnosis[] {
  const read = (name: string) => readTextFile(`/proc/sys/net/ipv4/conf/${name}/rp_filter`)?.trim();
  const names = [...new Set(networks.map(({ bridge }) => bridge)), 'flannel.1'];
  return names.flatMap((name) => {
    const isThere = links.some(({ ifname }) => ifname === name);
    const values = isThere ? [read('all'), read(name)] : [];
    // 2 is loose, and looser than 1.
    if (!values.includes('1') || values.includes('2')) return [];
    return [
      {
        severity: 'note',
        found: `packets that come in by ${name} are dropped unless their answers leave by it (rp_filter is 1)`,
        means: 'a container with two networks, or a node with several ways to another one, loses packets',
        mend: `sysctl -w net.ipv4.conf.${name}.rp_filter=2, where that is the case`,
      } satisfies Diagnosis,
    ];
  });
}
