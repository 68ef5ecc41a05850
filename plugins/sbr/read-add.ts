import type { Family } from '../../pkg/addr/address.ts';
import { type Prefix, parsePrefix } from '../../pkg/addr/prefix.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { SbrConf } from './schema.ts';
import { type SbrSettings, settingsOf } from './settings.ts';

/** A call about an attachment. */
export type SbrCall = AttachmentCall<SbrConf>;

/** An address of the interface. */
export interface OwnAddress {
  readonly family: Family;
  /** With the length of its network. */
  readonly prefix: Prefix;
  readonly text: string;
  readonly gateway: string | undefined;
}

/** Reads the call of an ADD, or refuses it. */
export function readAdd(call: SbrCall): SbrSettings & { readonly prevResult: Result; readonly own: OwnAddress[] } {
  const settings = settingsOf(call.conf);
  const { prevResult, ifName } = call;
  if (prevResult === undefined) {
    const details = 'found no "prevResult"; sbr comes after a plugin that gives addresses, such as bridge or macvlan';
    throw new CniError(ErrorCode.internal, 'This plugin must be called as chained plugin', details);
  }
  const own = addressesOf(prevResult, ifName);
  if (own.length > 0) return { ...settings, prevResult, own };
  const found = (prevResult.ips ?? []).map(({ address }) => address).join(', ');
  throw new CniError(
    ErrorCode.internal,
    `No IP addresses supplied on interface: ${ifName}`,
    `addresses in the "prevResult": ${found || 'none'}; expected one of ${ifName}`,
  );
}

/** The addresses of an interface in a result; those that are nobody's in particular count, also by a wrong index. */
export function addressesOf({ interfaces = [], ips = [] }: Result, ifName: string): OwnAddress[] {
  const own: OwnAddress[] = [];
  for (const { address, gateway, interface: index } of ips) {
    const owner = index === undefined ? undefined : interfaces[index];
    if (owner !== undefined && owner.name !== ifName) continue;
    const prefix = parsePrefix(address);
    if (prefix === undefined) continue;
    const text = address.slice(0, address.indexOf('/'));
    own.push({ family: prefix.address.family, prefix, text, gateway });
  }
  return own;
}
