import type { AttachmentCall } from '../../skel/plugin.ts';
import type { Result } from '../../types/result.ts';
import { ipsOf } from '../leased.ts';
import type { InnerSettings } from './kind.ts';

/** What the runtime is told of a link in a container. */
export function resultOf(
  { ifName, netns }: AttachmentCall<unknown>,
  { dns }: InnerSettings,
  mac: string | undefined,
  leased: Result | undefined,
): Result {
  const told = dns === 'ipam' ? leased?.dns : dns;
  return {
    interfaces: [{ name: ifName, ...(mac === undefined ? {} : { mac }), sandbox: netns }],
    ...(leased === undefined
      ? {}
      : { ips: ipsOf(leased).map((config) => ({ ...config, interface: 0 })), routes: leased.routes ?? [] }),
    ...(told === undefined ? {} : { dns: told }),
  };
}
