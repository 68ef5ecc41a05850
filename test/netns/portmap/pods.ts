import type { Suite } from '../bridge/suites.ts';
import { SHARED as SHARED_BY_BRIDGES } from '../bridge/support.ts';
import type { Host, Pod } from '../harness/host.ts';
import { type Attachment, Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import type { Backend } from './suites.ts';

/** A port of the host and what it leads to, as runtimes say it. */
export interface Mapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostIP?: string;
}

const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.1.0.0/16' }], [{ subnet: 'fd00:1::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};

/** What is there for good after the first port: nobody's in particular. */
export const SHARED: readonly RegExp[] = [
  ...SHARED_BY_BRIDGES,
  // Chains and the ways into them, each once: a second one has a number in brackets.
  /^host ip6?tables(?:-legacy)?-save \*(?:nat|raw) :[A-Z-]+ \S+$/,
  /^host ip6?tables(?:-legacy)?-save \*nat -A (?:PREROUTING|OUTPUT) -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT$/,
  /^host ip6?tables(?:-legacy)?-save \*nat -A POSTROUTING .*-j CNI-HOSTPORT-MASQ$/,
  /^host ip6?tables(?:-legacy)?-save \*nat -A CNI-HOSTPORT-MASQ .*-j MASQUERADE$/,
  /^host ip6?tables(?:-legacy)?-save \*nat -A CNI-HOSTPORT-SETMARK .*-j MARK --set-xmark 0x2000\/0x2000$/,
  // The same as nft shows it, which iptables-save has counted already.
  /^host nft table ip6? nat chain (?:CNI-HOSTPORT-(?:SETMARK|MASQ|DNAT) (?:\{|counter|meta mark)|[A-Z]+ .*jump CNI-HOSTPORT-)/,
  /^host nft table ip6? cni_hostport (?:\{|comment|chain \S+ (?:\{|type|jump (?:hostip_)?hostports|fib daddr type local jump))/,
];

/** The same for a suite that makes some of it more than once when several calls come at once. */
export const SHARED_MORE_THAN_ONCE: readonly RegExp[] = [
  ...SHARED,
  /^host ip6?tables(?:-legacy)?-save \*nat -A \S+ .*(?:CNI-HOSTPORT-\w+|MASQUERADE|0x2000\/0x2000) \(\d+\)$/,
];

/** A list of bridge and portmap. */
export function listOf(backend: Backend, portmap: object = {}): Conflist {
  return {
    cniVersion: '1.0.0',
    name: 'net',
    plugins: [
      { type: 'bridge', isGateway: true, hairpinMode: true, ipam: DUAL },
      { type: 'portmap', backend, capabilities: { portMappings: true }, ...portmap },
    ],
  };
}

/** The attachment of a pod with ports. */
export function attachmentOf(pod: Pod, containerId: string, portMappings: readonly Mapping[] = []): Attachment {
  return { containerId, netns: pod.path, ifName: 'eth0', capabilities: { portMappings } };
}

/** A pod that is attached, with its addresses. */
export interface Attached {
  readonly pod: Pod;
  readonly ipv4: string;
  readonly ipv6: string;
  /** Takes it down again as a runtime does, and removes it. */
  remove(): Promise<void>;
}

/** Makes pods on a node with the plugins of a suite. */
export class Pods {
  readonly #node: Host;
  readonly #list: Conflist;
  readonly #runtime: Runtime;
  readonly #living = new Set<Attached>();

  constructor(node: Host, suite: Suite, list: Conflist) {
    this.#node = node;
    this.#list = list;
    this.#runtime = new Runtime(node, [suite.folder]);
  }

  async add(containerId: string, mappings: readonly Mapping[] = []): Promise<Attached> {
    const pod = await this.#node.addPod();
    const attachment = attachmentOf(pod, containerId, mappings);
    const result = await this.#runtime.add(this.#list, attachment);
    const [ipv4 = '', ipv6 = ''] = (result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, ''));
    const remove = async () => {
      this.#living.delete(attached);
      await this.#runtime.del(this.#list, attachment);
      await pod.remove();
    };
    const attached = { pod, ipv4, ipv6, remove };
    this.#living.add(attached);
    return attached;
  }

  /** Removes all that are still there. */
  async removeAll(): Promise<void> {
    for (const attached of this.#living) await attached.remove();
  }
}
