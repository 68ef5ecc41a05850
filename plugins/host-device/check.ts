import { missingLayer3 } from '../../pkg/attach/check.ts';
import { addressesOf, linkIn, lookAt } from '../../pkg/attach/links.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, missingPrevResult } from '../../pkg/types/error.ts';
import type { Interface, Result } from '../../pkg/types/result.ts';
import type { HostDeviceConf } from './schema.ts';
import { isDrivenByProgram, namedDevice } from './sought.ts';

type CheckCall = AttachmentCall<HostDeviceConf>;

/** Fails with all that is not as ADD left it. */
export async function check(call: CheckCall): Promise<void> {
  const { conf } = call;
  const { pciBusId } = namedDevice(conf);
  const isWithoutLink = isDrivenByProgram(conf, pciBusId);
  await inContainer(call.netns, async (netns) => {
    const type = conf.ipam?.type ?? '';
    if (type !== '') await call.delegate.run({ type, verb: 'CHECK', config: call.configText });
    const result = call.prevResult;
    if (result === undefined) throw missingPrevResult();
    if (isWithoutLink) return;
    const [first, ...others] = await differences(call, netns, result);
    if (first === undefined) return;
    throw new CniError(ErrorCode.internal, first, [...others, 'DEL and ADD put it right'].join('; '));
  });
}

async function differences(call: CheckCall, netns: Netns, result: Result): Promise<readonly string[]> {
  const { ifName } = call;
  const interfaces = result.interfaces ?? [];
  const index = interfaces.findIndex(({ name, sandbox }) => name === ifName && sandbox === call.netns);
  const promised = interfaces[index];
  if (promised === undefined) return [notPromised(call, interfaces)];
  const options = await runOptions(call.environment, 'host-device');
  const [link] = await lookAt([linkIn(netns, ifName)], options);
  if (link === undefined) return [`Container Interface name in prevResult: ${ifName} not found`];
  const lines: string[] = [];
  if (promised.mac !== undefined && promised.mac.toLowerCase() !== link.address) {
    lines.push(`Interface ${ifName} Mac ${promised.mac} doesn't match container Mac: ${link.address}`);
  }
  if (!link.flags.includes('UP')) lines.push(`interface ${ifName} is down`);
  lines.push(...(await missingLayer3(netns, ifName, result, addressesOf(link), index, options)));
  return lines;
}

function notPromised({ ifName, netns }: CheckCall, interfaces: readonly Interface[]): string {
  const named = interfaces.find(({ name }) => name === ifName);
  if (named === undefined) return `Container interface name missing in prevResult: ${ifName}`;
  if (!named.sandbox) return `Error: Container interface ${ifName} should not be in host namespace`;
  return `Sandbox in prevResult ${named.sandbox} doesn't match configured netns: ${netns}`;
}
