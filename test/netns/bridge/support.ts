import type { Host, Pod } from '../harness/host.ts';
import type { Attachment } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';

/** What is there for good after the first pod: nobody's in particular. */
export const SHARED: readonly RegExp[] = [
  // The bridge and its address stay, as with the reference.
  /^host (?:link|address) cni0(?:\.\d+)? /,
  /^host (?:route-[46]|qdisc) .*"dev":"cni0/,
  // The store of a network: the lock, the last address, and our index beside it.
  /^file \/var\/lib\/cni/,
  // The folder of all records; a record's own folder goes with it.
  /^file \/run\/cni-ts(?:\/attachments(?:\/\.(?:ports|firewall))?)? folder/,
  // Tables and base chains of the iptables programs, which appear with their first use.
  /^host nft table (?:ip6?) (?:nat|filter|raw)(?: chain [A-Z]+)?(?: \{| type )/,
  // The reference's table and its chains, which both suites leave.
  /^host nft table inet cni_plugins_masquerade (?:\{|comment|chain (?:postrouting|masq_checks) (?:\{|comment|type)|chain postrouting )/,
  /^host nft table bridge nat (?:\{|chain PREROUTING (?:\{|type))/,
  // What umount(8) keeps.
  /^file \/run\/mount/,
];

/** A list with bridge alone. */
export function listOf(conf: object = {}, cniVersion = '1.1.0'): Conflist {
  const ipam = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
  return { cniVersion, name: 'net', plugins: [{ type: 'bridge', isGateway: true, ipam, ...conf }] };
}

/** The attachment of a pod. */
export function attachmentOf(pod: Pod, containerId = 'c1', ifName = 'eth0'): Attachment {
  return { containerId, netns: pod.path, ifName };
}

/** Names of the host's ends of all pairs. */
export async function vethsOn(host: Host): Promise<readonly string[]> {
  const links = JSON.parse(await host.ip('-j link show type veth')) as readonly { ifname?: string }[];
  return links.flatMap(({ ifname }) => (ifname?.startsWith('veth') === true ? [ifname] : []));
}

/** The addresses that are leased in a network, as the files say. */
export async function leasesOn(host: Host, network = 'net'): Promise<readonly string[]> {
  const { stdout } = await host.run(['ls', `/var/lib/cni/networks/${network}`]);
  return stdout.split('\n').filter((name) => /^[\da-f.:]+$/.test(name));
}
