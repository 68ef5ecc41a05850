import { canonicalAddress } from '../../pkg/addr/address.ts';

/** What a container's rule does, read from how nft lists it. */
export interface MappedRule {
  readonly protocol: string;
  readonly port: number;
  /** The host's address that counts; '' for all. */
  readonly hostIp: string;
  /** `10.1.2.3:80` */
  readonly target: string;
}

/** A rule that leads a port somewhere; `undefined` when it is none, or is not written as this plugin does. */
export function mappedRule(text: string): MappedRule | undefined {
  const match = /^(?:ip6? daddr (\S+) )?(\w+) dport (\d+) dnat (?:ip6? )?to (\S+)$/.exec(text);
  if (match === null) return undefined;
  const [, hostIp = '', protocol = '', port = '', target = ''] = match;
  return { protocol, port: Number(port), hostIp, target };
}

/** The container's address in one of its rules: where a port leads, or what is masqueraded on the way to it. */
export function addressIn(text: string): string | undefined {
  const target = mappedRule(text)?.target;
  if (target !== undefined) return canonicalAddress(target.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
  const masqueraded = /(?:^| )ip6? daddr (\S+) (?:ct status \S+ )?masquerade$/.exec(text)?.[1];
  return masqueraded === undefined ? undefined : canonicalAddress(masqueraded);
}
