import type { Command } from '../../pkg/netfilter/restore.ts';
import { sha512 } from '../../pkg/netfilter/sha512.ts';
import { type FamilyForwarding, type Forwarding, isUnspecified, type RuleKey, socketAddress } from './forwarding.ts';

/** The chains that all containers share. */
export const CHAIN = {
  dnat: 'CNI-HOSTPORT-DNAT',
  setMark: 'CNI-HOSTPORT-SETMARK',
  masquerade: 'CNI-HOSTPORT-MASQ',
} as const;

/** The rule that leads to the entries of all containers, as it is written and as it is listed. */
export const ENTRY_JUMP = ['-m', 'addrtype', '--dst-type', 'LOCAL', '-j', CHAIN.dnat] as const;

/** iptables cuts longer comments. */
const COMMENT_CHARACTERS = 255;
/** As many ports as one rule of `multiport` takes. */
const PORTS_PER_RULE = 15;
const EVERYWHERE = { 4: '0.0.0.0/0', 6: '::/0' } as const;
const LOOPBACK = '127.0.0.1';

/** The chain of a container in a network. */
export function chainOf({ network, containerId }: RuleKey): string {
  return `CNI-DN-${chainHash(network, containerId)}`;
}

/** The chain that old versions of the reference made besides. */
export function oldChainOf({ network, containerId }: RuleKey): string {
  return `CNI-SN-${chainHash(network, containerId)}`;
}

function chainHash(network: string, containerId: string): string {
  return sha512(network + containerId).slice(0, 21);
}

/** The comment that tells whose an entry is. */
export function commentOf({ network, containerId }: RuleKey): string {
  const comment = `dnat name: "${network}" id: "${containerId}"`;
  return comment.length <= COMMENT_CHARACTERS ? comment : `${comment.slice(0, COMMENT_CHARACTERS - 2)}..`;
}

/** A rule that all containers share: how it is made, and how iptables-save shows it without its comment. */
export interface SharedRule {
  readonly chain: string;
  readonly rule: Command;
  readonly bare: string;
  /** Whether it has to come before what others have there. */
  readonly first?: true;
}

/** Rules in chains of the plugin's own, for what has to be masqueraded. */
export function sharedRules({ snat, markBit, externalSetMarkChain }: Forwarding): readonly SharedRule[] {
  const rules: SharedRule[] = [];
  if (snat && externalSetMarkChain === '') {
    const mark = `0x${((1 << markBit) >>> 0).toString(16)}`;
    const both = `${mark}/${mark}`;
    const note = (text: string): Command => ['-m', 'comment', '--comment', text];
    rules.push(
      {
        chain: CHAIN.setMark,
        rule: [...note('CNI portfwd masquerade mark'), '-j', 'MARK', '--set-xmark', both],
        bare: `${CHAIN.setMark} -j MARK --set-xmark ${both}`,
      },
      {
        chain: CHAIN.masquerade,
        rule: ['-m', 'mark', '--mark', both, '-j', 'MASQUERADE'],
        bare: `${CHAIN.masquerade} -m mark --mark ${both} -j MASQUERADE`,
      },
      {
        chain: 'POSTROUTING',
        rule: [...note('CNI portfwd requiring masquerade'), '-j', CHAIN.masquerade],
        bare: `POSTROUTING -j ${CHAIN.masquerade}`,
        first: true,
      },
    );
  }
  const jump = ENTRY_JUMP.join(' ');
  rules.push({ chain: 'PREROUTING', rule: ENTRY_JUMP, bare: `PREROUTING ${jump}` });
  rules.push({ chain: 'OUTPUT', rule: ENTRY_JUMP, bare: `OUTPUT ${jump}` });
  return rules;
}

/** The rules that send packets from the shared chain to the container's, after `-A` or `-D`. */
export function entryRules(key: RuleKey, forwarding: Forwarding, { conditions }: FamilyForwarding): Command[] {
  const ports = new Map<string, number[]>();
  // Those of the other family are in it too, as with the reference.
  for (const { protocol, hostPort } of forwarding.mappings) {
    const known = ports.get(protocol);
    if (known === undefined) ports.set(protocol, [hostPort]);
    else known.push(hostPort);
  }
  const rules: Command[] = [];
  const chain = chainOf(key);
  const comment = ['-m', 'comment', '--comment', commentOf(key)];
  const protocols = [...ports.keys()];
  for (const protocol of protocols.length === 1 ? protocols : protocols.sort()) {
    const all = ports.get(protocol) ?? [];
    for (let at = 0; at < all.length; at += PORTS_PER_RULE) {
      const some = all.slice(at, at + PORTS_PER_RULE).join(',');
      const match = ['-m', 'multiport', '-p', protocol, '--destination-ports', some];
      rules.push([CHAIN.dnat, ...comment, ...match, ...conditions, '-j', chain]);
    }
  }
  return rules;
}

/** The rules in the container's chain, after `-A`. */
export function containerRules(key: RuleKey, forwarding: Forwarding, own: FamilyForwarding): Command[] {
  const { snat, masqAll, externalSetMarkChain } = forwarding;
  const { family, address, prefix, mappings } = own;
  const chain = chainOf(key);
  const mark = externalSetMarkChain === '' ? CHAIN.setMark : externalSetMarkChain;
  const rules: Command[] = [];
  for (const { protocol, hostPort, containerPort, hostIp } of mappings) {
    const base = [chain, '-p', protocol, '--dport', `${hostPort}`];
    if (hostIp !== '' && !isUnspecified(hostIp)) base.push('-d', hostIp);
    if (snat) {
      rules.push([...base, '-s', masqAll ? EVERYWHERE[family] : prefix, '-j', mark]);
      if (family === 4 && !masqAll) rules.push([...base, '-s', LOOPBACK, '-j', mark]);
    }
    rules.push([...base, '-j', 'DNAT', '--to-destination', socketAddress(address, containerPort)]);
  }
  return rules;
}
