import { configError } from '../../config/config-error.ts';
import { ip } from '../../ip/command.ts';
import type { Netns } from '../../netns/netns.ts';
import { type RunOptions, runPlan } from '../../plan/executor.ts';
import { Plan } from '../../plan/plan.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
import { linkIn, lookAt, type ShownLink } from '../links.ts';
import type { InnerSettings, InnerTraits } from './kind.ts';
import { placeOfMaster } from './steps.ts';

/**
 * The link below, which has to be there and to bear the MTU; `undefined` when there is none, or none that is known.
 *
 * @throws {CniError} that names the links that are there
 */
export async function findMaster(
  kind: InnerTraits,
  settings: InnerSettings,
  netns: Netns,
  options: RunOptions,
): Promise<ShownLink | undefined> {
  const { below, mtu } = settings;
  if (below?.master === undefined) return undefined;
  const place = placeOfMaster(settings, netns);
  const name = below.master === '' ? await linkOfDefaultRoute(place, options) : below.master;
  const [master] = await lookAt([linkIn(place, name)], options);
  if (master === undefined) {
    throw new CniError(
      ErrorCode.internal,
      `failed to lookup master "${name}": Link not found`,
      `key "master": ${await whatIsThere(place, options)}`,
    );
  }
  if (kind.mayBeLarger || (mtu >= 0 && mtu <= master.mtu)) return master;
  const message = `invalid MTU ${mtu}, must be [0, master MTU(${master.mtu})]`;
  throw configError(message, 'mtu', mtu, `at most ${master.mtu}, the MTU of ${master.ifname}, or 0 for the same`);
}

async function linkOfDefaultRoute(place: Netns, options: RunOptions): Promise<string> {
  const plan = new Plan()
    .inside(place, ip`-4 route show table main`, { capture: '4', tolerate: ['ENOENT'] })
    .inside(place, ip`-6 route show table main`, { capture: '6', tolerate: ['ENOENT', 'EOPNOTSUPP', 'EAFNOSUPPORT'] });
  const { captures } = await runPlan(plan, options);
  for (const shown of [captures.get('4'), captures.get('6')]) {
    if (!Array.isArray(shown)) continue;
    for (const { dst, dev } of shown as readonly { readonly dst: string; readonly dev?: string }[]) {
      if (dst === 'default' && dev !== undefined) return dev;
    }
  }
  throw new CniError(
    ErrorCode.internal,
    'no default route interface found',
    `there is no "master", and no default route to go by; set the key "master": ${await whatIsThere(place, options)}`,
  );
}

async function whatIsThere(place: Netns, options: RunOptions): Promise<string> {
  let links: unknown;
  try {
    const { captures } = await runPlan(new Plan().inside(place, ip`link show`, { capture: 'links' }), options);
    links = captures.get('links');
  } catch {
    // Only `ip` lists them all, and where it is missing the error stays what it is.
    return 'the name of a link that is there';
  }
  const names: string[] = [];
  for (const { ifname } of Array.isArray(links) ? (links as readonly Partial<ShownLink>[]) : []) {
    if (ifname !== undefined && ifname !== 'lo') names.push(ifname);
  }
  const where = place.isOwn() ? 'on the host' : `in ${place.label}`;
  return names.length === 0 ? `there is no link ${where}` : `the links ${where} are ${names.join(', ')}`;
}
