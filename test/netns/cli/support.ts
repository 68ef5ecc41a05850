import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../harness/host.ts';
import type { Outcome } from '../harness/place.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { type HostSnapshot, takeSnapshot } from '../harness/snapshot.ts';

/** Where a host's networks are configured in these tests. */
export const CONF_FOLDER = '/run/net.d';

/** The tool, called on a host as a person or a script calls it. */
export function toolOn(host: Host, environment: Readonly<Record<string, string>> = {}) {
  const env = { NETCONFPATH: CONF_FOLDER, CNI_PATH: BUILT_PLUGINS, ...environment };
  return (...args: readonly string[]): Promise<Outcome> => host.run([join(BUILT_PLUGINS, 'cni'), ...args], { env });
}

/** The tool by the name of cnitool, which means other things with some verbs. */
export function cnitoolOn(host: Host, environment: Readonly<Record<string, string>> = {}) {
  const env = { NETCONFPATH: CONF_FOLDER, CNI_PATH: BUILT_PLUGINS, ...environment };
  const named = ['bash', '--norc', '-c', 'exec -a cnitool "$0" "$@"', join(BUILT_PLUGINS, 'cni')] as const;
  return (...args: readonly string[]): Promise<Outcome> => host.run([...named, ...args], { env });
}

/** Everything on a host but the addresses that the kernel makes up itself, which it settles in its own time. */
export function lookAt(host: Host): Promise<HostSnapshot> {
  return takeSnapshot(host, { ignore: [/fe80:/] });
}

/** Writes a network's configuration. */
export function configure(host: Host, file: string, list: object): void {
  mkdirSync(host.root + CONF_FOLDER, { recursive: true });
  writeFileSync(`${host.root}${CONF_FOLDER}/${file}`, JSON.stringify(list));
}

/** What tests of the tool may leave: what they wrote themselves, and what plugins leave by rights. */
export const MAY_STAY = [
  /^file \/run\/net\.d/,
  /^file \/run\/(cni-ts|cni)(\/attachments|\/tuning)?(\/\.ports|\/\.firewall)? /,
  /^file \/var\/lib\/cni\/(networks|results) /,
  /^file \/var\/lib\/cni\/networks\/(\.cni-ts|net)/,
];

/** A network with everything: bridge, host-local, portmap, firewall, tuning. */
export function fullList(change: object = {}): object {
  const routes = [{ dst: '0.0.0.0/0' }];
  const ipam = { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]], routes };
  return {
    cniVersion: '1.1.0',
    name: 'net',
    plugins: [
      { type: 'bridge', bridge: 'cni0', isDefaultGateway: true, ipMasq: true, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
      { type: 'firewall', backend: 'iptables', ingressPolicy: 'same-bridge' },
      { type: 'tuning', sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': '1' }, mtu: 1400 },
    ],
    ...change,
  };
}
