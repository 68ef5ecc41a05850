import { isKind, linkIn, lookAt } from '../../pkg/attach/links.ts';
import { PluginLookupError } from '../../pkg/delegate/find-plugin.ts';
import { ip } from '../../pkg/ip/command.ts';
import { isObject } from '../../pkg/json/decode.ts';
import { removeMasquerade } from '../../pkg/netfilter/masquerade.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import { CniError, toCniError } from '../../pkg/types/error.ts';
import { findStored, knownOf } from './attachment.ts';
import { compactJson } from './compact-json.ts';
import type { DelegateConf } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { rebuiltConf, removeStored } from './stored.ts';

/**
 * Has the delegate take the container off, with what it was told when it attached it; where that is lost, with what it
 * would be told now. What is stored goes last: as long as something may be left, the next DEL needs it.
 */
export async function del(call: AttachmentCall<FlannelConf>): Promise<void> {
  const known = knownOf(call);
  const { conf, renamed, places, records } = findStored(known);
  const confs: DelegateConf[] = [conf ?? (await rebuilt(call))];
  if (renamed !== undefined) confs.push(renamed);
  const failures: CniError[] = [];
  for (const one of confs) {
    try {
      await delegateDel(call, one);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
  }
  const [first, second] = failures;
  if (first !== undefined) throw second === undefined ? first : both(first, second);
  for (const place of places) removeStored(place);
  for (const key of records) {
    const warning = call.records.remove(key);
    if (warning !== undefined) call.warn(`flannel: ${warning}`);
  }
}

/** A runtime that has neither namespace nor result asks for the second time: to look for rules would be in vain. */
async function rebuilt(call: AttachmentCall<FlannelConf>): Promise<DelegateConf> {
  return rebuiltConf(call, call.netns !== '' || readFields(call.rawConf, '', ['prevResult']).prevResult !== undefined);
}

function both(first: CniError, second: CniError): CniError {
  const details = [first.details, `also: ${second}`].filter((text) => text !== '').join('; ');
  return new CniError(first.code, first.message, details, { cause: first });
}

/** Has the delegate remove its part; where there is no such plugin any more, what can be removed without it. */
export async function delegateDel(call: AttachmentCall<FlannelConf>, conf: DelegateConf): Promise<void> {
  const config = compactJson(withPrevResult(call, conf));
  try {
    await call.delegate.run({ type: conf.type, verb: 'DEL', config });
  } catch (thrown) {
    if (!(thrown instanceof PluginLookupError) || thrown.type !== conf.type) throw thrown;
    await removeWithoutDelegate(call, conf, thrown);
  }
}

/** The reference does without; a delegate that keeps no record finds more with it. */
function withPrevResult(call: AttachmentCall<FlannelConf>, conf: DelegateConf): DelegateConf {
  const { prevResult, cniVersion } = readFields(call.rawConf, '', ['prevResult', 'cniVersion']);
  // It is of the version of today's configuration, and has to fit the one it is put into.
  if (prevResult === undefined || conf['cniVersion'] !== cniVersion) return conf;
  return { ...conf, prevResult };
}

/** Links that plugins make; any other was moved into the container and is somebody's device. */
const MADE_BY_PLUGINS = ['veth', 'macvlan', 'ipvlan', 'vlan', 'dummy'] as const;

/**
 * Removes what a delegate made that is not installed any more: the container's link, the masquerade of its names, and
 * last, when nobody can use it any more, the address.
 */
async function removeWithoutDelegate(
  call: AttachmentCall<FlannelConf>,
  conf: DelegateConf,
  cause: Error,
): Promise<void> {
  const options = await runOptions(call.environment, 'flannel');
  await removeLink(call, options);
  if (conf['ipMasq'] === true) await removeMasqueradeOf(call, conf, options);
  const ipam = isObject(conf['ipam']) ? conf['ipam']['type'] : undefined;
  if (typeof ipam === 'string' && ipam !== '') {
    await call.delegate.run({ type: ipam, verb: 'DEL', config: compactJson(conf) });
  }
  call.warn(`flannel: ${cause.message}; removed its link and address without it`);
}

async function removeLink({ netns: path, ifName }: AttachmentCall<FlannelConf>, options: RunOptions): Promise<void> {
  if (path === '') return;
  try {
    await inContainer(path, async (netns) => {
      const [link] = await lookAt([linkIn(netns, ifName)], options);
      if (link === undefined || !MADE_BY_PLUGINS.some((kind) => isKind(link, kind))) return;
      await runPlan(new Plan().inside(netns, ip`link del dev ${ifName}`, { tolerate: ['ENODEV'] }), options);
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

async function removeMasqueradeOf(
  { containerId, ifName }: AttachmentCall<FlannelConf>,
  { name: network }: DelegateConf,
  options: RunOptions,
): Promise<void> {
  const removal = removeMasquerade({ network, containerId, ifName }, ['iptables', 'nftables']);
  await runPlan(new Plan().do(ownNetns(), removal, { failing: '' }), options);
}
