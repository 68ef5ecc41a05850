import { bitsOf, type Family, formatAddress } from '../../pkg/addr/address.ts';
import { formatPrefix, networkOf, parsePrefix } from '../../pkg/addr/prefix.ts';
import { sha512 } from '../../pkg/netfilter/sha512.ts';
import { type FamilyForwarding, type Forwarding, isUnspecified, socketAddress } from './forwarding.ts';

/** How nft calls a family. */
export const IP: Readonly<Record<Family, 'ip' | 'ip6'>> = { 4: 'ip', 6: 'ip6' };

/** The table of a family's mappings. */
export const TABLE_NAME = 'cni_hostport';

/** The chains that have rules of containers. */
export const CONTAINER_CHAINS: readonly string[] = ['hostports', 'hostip_hostports', 'masquerading'];

/** nft takes no longer comments. */
const COMMENT_BYTES = 128;
const HASH_DIGITS = 32;

/** The comment of a container's rules: its id, the end of a very long one as a hash. */
export function nftCommentOf(containerId: string): string {
  if (containerId.length <= COMMENT_BYTES) return containerId;
  const kept = containerId.slice(0, COMMENT_BYTES - HASH_DIGITS - 1);
  return `${kept}-${sha512(containerId).slice(0, HASH_DIGITS)}`;
}

/** The table, its chains and what leads to the rules, as often as anybody likes. Other conditions are replaced. */
export function setUp({ snat }: Forwarding, { family, conditions }: FamilyForwarding): string[] {
  const table = `${IP[family]} ${TABLE_NAME}`;
  let condition = '';
  for (const word of conditions) condition += `${word} `;
  const statements = [
    `add table ${table} { comment "CNI portmap plugin" ; }`,
    `add chain ${table} hostports`,
    `add chain ${table} hostip_hostports`,
    `add chain ${table} hostports_all`,
    `flush chain ${table} hostports_all`,
    `add rule ${table} hostports_all jump hostip_hostports`,
    `add rule ${table} hostports_all jump hostports`,
  ];
  for (const hook of ['prerouting', 'output']) {
    statements.push(
      `add chain ${table} ${hook} { type nat hook ${hook} priority -100 ; }`,
      `flush chain ${table} ${hook}`,
      // What only passes through this host to the same port elsewhere is none of ours.
      `add rule ${table} ${hook} ${condition}fib daddr type local jump hostports_all`,
    );
  }
  if (snat) statements.push(`add chain ${table} masquerading { type nat hook postrouting priority 100 ; }`);
  return statements;
}

/** What nft prints of a chain set up without conditions, in order; see {@link setUp}. */
export const INTACT_PREROUTING: readonly string[] = [
  'chain prerouting {',
  'type nat hook prerouting priority dstnat; policy accept;',
  'fib daddr type local jump hostports_all',
  '}',
];

/** A rule of a container: its chain, and how nft writes and lists it. */
export interface ContainerRule {
  readonly chain: string;
  readonly rule: string;
  /** Whether the reference has no such rule. */
  readonly isAddition?: true;
}

/** The rules of a container in one family. */
export function nftRules({ snat, masqAll }: Forwarding, own: FamilyForwarding): ContainerRule[] {
  const { family, address, prefix, mappings } = own;
  const ip = IP[family];
  const rules: ContainerRule[] = [];
  for (const { protocol, hostPort, containerPort, hostIp } of mappings) {
    const to = hostIp === '' || isUnspecified(hostIp) ? '' : `${ip} daddr ${hostIp} `;
    const target = socketAddress(address, containerPort);
    rules.push({ chain: 'hostports', rule: `${to}${protocol} dport ${hostPort} dnat to ${target}` });
  }
  if (!snat) return rules;
  const from = (source: string): ContainerRule => {
    return { chain: 'masquerading', rule: `${ip} saddr ${source} ${ip} daddr ${address} masquerade` };
  };
  rules.push(from(address));
  if (family === 4) rules.push(from('127.0.0.1'));
  // The answer to a neighbour would go past this host; and the reference has nothing for masqAll.
  const source = masqAll ? '' : `${ip} saddr ${networkText(prefix)} `;
  const rule = `${source}${ip} daddr ${address} ct status dnat masquerade`;
  rules.push({ chain: 'masquerading', rule, isAddition: true });
  return rules;
}

function networkText(prefix: string): string {
  const parsed = parsePrefix(prefix);
  if (parsed === undefined) return prefix;
  const { address, length } = networkOf(parsed);
  // As nft lists it: a single address without its length.
  return length === bitsOf(address.family) ? formatAddress(address) : formatPrefix({ address, length });
}

/** The statements that add a container's rules. */
export function nftAdditions(containerId: string, forwarding: Forwarding, own: FamilyForwarding): string[] {
  const comment = nftCommentOf(containerId);
  const statements: string[] = [];
  for (const { chain, rule } of nftRules(forwarding, own)) {
    statements.push(`add rule ${IP[own.family]} ${TABLE_NAME} ${chain} ${rule} comment "${comment}"`);
  }
  return statements;
}
