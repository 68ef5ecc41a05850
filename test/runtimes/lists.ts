import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/project.ts';
import type { Host } from '../netns/harness/host.ts';
import type { Conflist } from '../netns/harness/libcni-conf.ts';

/** A list that this project ships, as people copy it. */
export function shipped(name: string): Conflist {
  return JSON.parse(readFileSync(join(ROOT, 'conf', name), 'utf8')) as Conflist;
}

/** A list with the firewall and with settings of interfaces in it. */
export const FULL: Conflist = {
  cniVersion: '1.0.0',
  name: 'full',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.44.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true }, backend: 'nftables' },
    { type: 'firewall', backend: 'nftables', ingressPolicy: 'same-bridge' },
    { type: 'tuning', sysctl: { 'net.ipv4.conf.IFNAME.arp_notify': '1' }, mtu: 1400 },
  ],
};

const SUBNET_FILE = '/run/flannel/subnet.env';

/** What flanneld writes as soon as it knows the subnet of its node. */
export function writeSubnet(host: Host): void {
  mkdirSync(`${host.root}/run/flannel`, { recursive: true });
  const lines = ['NETWORK=10.244.0.0/16', 'SUBNET=10.244.1.1/24', 'MTU=1450', 'IPMASQ=true'];
  writeFileSync(host.root + SUBNET_FILE, lines.map((line) => `FLANNEL_${line}\n`).join(''));
}

/** A node on which flanneld has not started. */
export function removeSubnet(host: Host): void {
  rmSync(`${host.root}/run/flannel`, { recursive: true, force: true });
}
