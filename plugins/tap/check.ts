import { missingLayer3 } from '../../pkg/attach/check.ts';
import { addressesOf, isKind, linkIn, lookAt } from '../../pkg/attach/links.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, missingPrevResult } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { TapConf } from './schema.ts';
import { settingsOf, type TapSettings } from './settings.ts';

type CheckCall = AttachmentCall<TapConf>;

/** Fails with all that is not as ADD left it. */
export async function check(call: CheckCall): Promise<void> {
  const settings = settingsOf(call);
  await inContainer(call.netns, async (netns) => {
    if (settings.ipam !== '') {
      await call.delegate.run({ type: settings.ipam, verb: 'CHECK', config: call.configText });
    }
    const result = call.prevResult;
    if (result === undefined) throw missingPrevResult();
    const [first, ...others] = await differences(call, settings, netns, result);
    if (first === undefined) return;
    throw new CniError(ErrorCode.internal, first, [...others, 'DEL and ADD put it right'].join('; '));
  });
}

async function differences(
  call: CheckCall,
  { bridge }: TapSettings,
  netns: Netns,
  result: Result,
): Promise<readonly string[]> {
  const { ifName } = call;
  const interfaces = result.interfaces ?? [];
  const index = interfaces.findIndex(({ name, sandbox }) => name === ifName && sandbox === call.netns);
  const promised = interfaces[index];
  if (promised === undefined) {
    const found = interfaces.find(({ name }) => name === ifName)?.sandbox ?? '';
    return [`Sandbox in prevResult ${found} doesn't match configured netns: ${call.netns}`];
  }
  const options = await runOptions(call.environment, 'tap');
  const [link] = await lookAt([linkIn(netns, ifName)], options);
  if (link === undefined) return [`Cannot find container link ${ifName}`];
  if (!isKind(link, 'tun')) return [`Error: Container interface ${ifName} not of type tap`];
  const lines: string[] = [];
  if (promised.mac !== undefined && promised.mac.toLowerCase() !== link.address) {
    lines.push(`Interface ${ifName} Mac ${promised.mac} doesn't match container Mac: ${link.address}`);
  }
  if (!link.flags.includes('UP')) lines.push(`interface ${ifName} is down`);
  if (bridge !== '' && link.master !== bridge) {
    lines.push(`${ifName} is no port of bridge ${bridge}: it is in ${link.master ?? 'no bridge'}`);
  }
  lines.push(...(await missingLayer3(netns, ifName, result, addressesOf(link), index, options)));
  return lines;
}
