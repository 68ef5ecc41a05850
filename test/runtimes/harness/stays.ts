import { SHARED as SHARED_BY_BRIDGE } from '../../netns/bridge/support.ts';
import { SHARED as SHARED_BY_PORTMAP } from '../../netns/portmap/support.ts';

/** What may be there after the last pod; no lease, no record, no rule of a container and no link of one. */
export const STAYS: readonly RegExp[] = [
  // Leases are looked at here.
  ...SHARED_BY_BRIDGE.filter((pattern) => !pattern.source.includes('lib\\/cni')),
  ...SHARED_BY_PORTMAP,
  // The bridge of podman's list; those of networks that are removed go with them.
  /^host (?:link|address) cni-podman0 /,
  /^host (?:route-[46]|qdisc) .*"dev":"cni-podman0"/,
  /^file \/var\/lib\/cni\/(?:networks|results|flannel) folder/,
  // The store of a network: its folder, the lock, the last address, and our index beside it.
  /^file \/var\/lib\/cni\/networks\/(?:\.cni-ts\b|[\w-]+ folder|[\w-]+\/(?:lock|last_reserved_ip\.\d+) )/,
  /^file \/run\/cni(?:\/tuning)? folder/,
  // The firewall's chains, what leads to them, and which bridges are apart; no address of a container.
  /^host nft table ip6? filter chain (?:FORWARD|CNI-ISOLATION-STAGE-\d) /,
  /^host nft table ip6? filter chain CNI-(?:FORWARD|ADMIN) (?:\{|counter jump CNI-ADMIN)/,
  /^host ip6?tables-save \*filter (?::CNI-(?:FORWARD|ADMIN|ISOLATION-STAGE-\d) |-A (?:FORWARD|CNI-ISOLATION-STAGE-\d) |-A CNI-FORWARD .*-j CNI-ADMIN)/,
  /^host nft table inet cni_firewall (?!set containers[46] elements)/,
  // The runtime's own.
  /^file \/run\/(?:containerd|runc)/,
];
