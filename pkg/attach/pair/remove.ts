import { ip } from '../../ip/command.ts';
import { inContainer } from '../../netns/container.ts';
import { isNetnsGone } from '../../netns/error.ts';
import { ownNetns } from '../../netns/own.ts';
import { ipAction } from '../../plan/action.ts';
import { type RunOptions, runPlan } from '../../plan/executor.ts';
import { Plan } from '../../plan/plan.ts';
import type { Attachment } from '../../types/attachment.ts';
import type { Result } from '../../types/result.ts';
import { attachmentInAlias, hostLinkName, isOwnAlias, linkAlias } from '../identity.ts';
import { isKind, linkIn, lookAt, type ShownLink } from '../links.ts';

/** What is known about a veth pair that has to go. */
export interface VethRemains {
  readonly name: Attachment;
  /** Path of the container's namespace; '' when it is not known or must not be entered. */
  readonly netns: string;
  /** Names that the host's end was given, by whoever made it. */
  readonly hostLinks: readonly string[];
}

/** Host's ends as the reference names them; the bridge and a VLAN's gateway are not this attachment's. */
export function hostLinksIn(result: Result | undefined): readonly string[] {
  const ours = (result?.interfaces ?? []).filter(({ name, sandbox }) => !sandbox && /^veth[\da-f]{8}$/.test(name));
  return ours.map(({ name }) => name);
}

/** Removes the pair of an attachment, by whichever end is found. */
export async function removeVeth(
  remains: VethRemains,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  if (await removeHostLinks(remains, options)) return;
  if (remains.netns === '') return;
  try {
    await removeContainerLink(remains, options, warn);
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

/** The host's end is enough: the other one goes with it, wherever it is. */
async function removeHostLinks({ name, hostLinks }: VethRemains, options: RunOptions): Promise<boolean> {
  const alias = linkAlias(name);
  const derived = hostLinkName(name);
  const host = ownNetns();
  const wanted = hostLinks.includes(derived) ? [] : [linkIn(host, derived)];
  for (const link of hostLinks) wanted.push(linkIn(host, link));
  let hasRemoved = false;
  for (const link of await lookAt(wanted, options)) {
    if (link === undefined || !isKind(link, 'veth')) continue;
    // A name that was only derived may be somebody else's; the alias tells.
    if (link.ifalias !== alias && (isOwnAlias(link.ifalias) || !hostLinks.includes(link.ifname))) continue;
    await removeByName(link.ifname, options);
    hasRemoved = true;
  }
  return hasRemoved;
}

async function removeByName(link: string, options: RunOptions): Promise<void> {
  const plan = new Plan().host(ip`link del dev ${link}`, {
    tolerate: ['ENODEV'],
    failing: `failed to delete "${link}"`,
  });
  await runPlan(plan, options);
}

/** For links of the reference, whose host's end nobody remembers. */
async function removeContainerLink(
  { name, netns: path }: VethRemains,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  await inContainer(path, async (netns) => {
    const [link] = await lookAt([linkIn(netns, name.ifName)], options);
    if (link === undefined) return;
    const owner = isKind(link, 'veth')
      ? await ownerOf(link, options)
      : `it is a ${link.linkinfo?.info_kind ?? 'device'}`;
    if (owner !== undefined) {
      warn(`left ${name.ifName} in ${path} alone: ${owner}`);
      return;
    }
    const plan = new Plan().inside(netns, ip`link del dev ${name.ifName}`, {
      tolerate: ['ENODEV'],
      failing: `failed to delete "${name.ifName}"`,
    });
    await runPlan(plan, options);
  });
}

/** Whose link it is, when the other end says that it is not this attachment's. */
async function ownerOf({ link_index: peer }: ShownLink, options: RunOptions): Promise<string | undefined> {
  if (peer === undefined) return undefined;
  const [hostEnd] = await lookAt([linkIn(ownNetns(), `if${peer}`)], options);
  return isOwnAlias(hostEnd?.ifalias) ? `it belongs to ${hostEnd?.ifalias}` : undefined;
}

/** Links of a network whose record is lost still say whose they are: removes those of no valid attachment, one by one. */
export async function removeMarkedVeths(
  network: string,
  valid: ReadonlySet<string>,
  options: RunOptions,
  attempt: (work: () => Promise<void>) => Promise<void>,
  warn: (line: string) => void,
): Promise<void> {
  const plan = new Plan().do(ownNetns(), ipAction(ip`link show type veth`), { capture: 'links' });
  const { captures } = await runPlan(plan, options);
  const links = captures.get('links');
  if (!Array.isArray(links)) return;
  for (const { ifname, ifalias } of links as readonly ShownLink[]) {
    const name = isOwnAlias(ifalias) ? attachmentInAlias(ifalias) : undefined;
    if (name?.network !== network || valid.has(`${name.containerId}/${name.ifName}`)) continue;
    await attempt(async () => {
      await removeByName(ifname, options);
      warn(`removed ${ifname}, which was left of ${name.containerId} (${name.ifName})`);
    });
  }
}
