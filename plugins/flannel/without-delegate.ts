import { isKind, linkIn, lookAt } from '../../pkg/attach/links.ts';
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
import { compactJson } from './compact-json.ts';
import type { DelegateConf } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';

/** Links that plugins make; any other was moved into the container and is somebody's device. */
const MADE_BY_PLUGINS = ['veth', 'macvlan', 'ipvlan', 'vlan', 'dummy'] as const;

/**
 * Removes what a delegate made that is not installed any more: the container's link, the masquerade of its names, and
 * last, when nobody can use it any more, the address.
 */
export async function removeWithoutDelegate(
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
