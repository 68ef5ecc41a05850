import { type AttachmentName, hostLinkName, isOwnAlias, linkAlias } from '../../pkg/attach/identity.ts';
import { isKind, linkIn, lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { isNative } from '../../pkg/netfilter/native-variant.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';

/** What is known about an attachment that has to go. */
export interface Remains {
  readonly name: AttachmentName;
  /** Path of the container's namespace; '' when it is not known or must not be entered. */
  readonly netns: string;
  /** Names that the host's end was given, by whoever made it. */
  readonly hostLinks: readonly string[];
  /** The container's addresses; `undefined` when they are not known. */
  readonly addresses: readonly string[] | undefined;
  /** Who may have made rules for it. */
  readonly masquerade: readonly MasqueradeBackend[];
  readonly spoofCheck: boolean;
}

/** What became of each part; one that is gone already counts as removed. */
export interface Teardown {
  /** Why the link is still there: its address must not be given to anybody else. */
  readonly linkFailure: unknown;
  readonly otherFailures: readonly unknown[];
}

/** Takes down everything but the address. Parts do not wait for each other, and one that fails stops none. */
export async function tearDown(remains: Remains, options: RunOptions, warn: (line: string) => void): Promise<Teardown> {
  const rules = [
    failureOf(removeMasqueradeOf(remains, options)),
    failureOf(removeSpoofCheckOf(remains, options, warn)),
  ];
  // Without a program they go at once, and what the kernel has to wait for then it waits for while the link goes.
  if (needsNoProgram(remains, options)) await rules[0];
  const linkOptions = await optionsBeside(remains, options);
  const linkFailure = await failureOf(removeLink(remains, linkOptions, warn));
  const otherFailures: unknown[] = [];
  for (const rule of rules) {
    const failure = await rule;
    if (failure !== undefined) otherFailures.push(failure);
  }
  return { linkFailure, otherFailures };
}

/** What something failed with; it is caught at once, whoever looks when. */
async function failureOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

/**
 * Deleting a link takes as long as the kernel's grace period, and the native hand waits for it. Rules of nftables go in
 * two steps, a look and a change, so the thread has to be free in between: then `ip` deletes the link.
 */
async function optionsBeside(remains: Remains, options: RunOptions): Promise<RunOptions> {
  const { masquerade, spoofCheck } = remains;
  if (!spoofCheck && (needsNoProgram(remains, options) || !masquerade.includes('nftables'))) return options;
  return { ...options, hand: (await import('../../pkg/plan/ip-hand.ts')).ipHand };
}

function needsNoProgram({ masquerade }: Remains, { onlyFilterPrograms }: RunOptions): boolean {
  if (onlyFilterPrograms === true) return false;
  for (const backend of masquerade) if (!isNative(backend)) return false;
  return true;
}

async function removeMasqueradeOf({ name, addresses, masquerade }: Remains, options: RunOptions): Promise<void> {
  if (masquerade.length === 0) return;
  const { removeMasquerade } = await import('../../pkg/netfilter/masquerade.ts');
  const target = addresses === undefined ? name : { ...name, addresses };
  await runPlan(new Plan().do(ownNetns(), removeMasquerade(target, masquerade), { failing: '' }), options);
}

/** The reference goes on when this fails, and what is left filters nothing any more. */
async function removeSpoofCheckOf(
  { name, spoofCheck }: Remains,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  if (!spoofCheck) return;
  const { removeSpoofCheck } = await import('../../pkg/netfilter/spoof-check.ts');
  try {
    await runPlan(new Plan().do(ownNetns(), removeSpoofCheck(name), { failing: '' }), options);
  } catch (thrown) {
    warn(`bridge: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function removeLink(remains: Remains, options: RunOptions, warn: (line: string) => void): Promise<void> {
  if (await removeHostLinks(remains, options)) return;
  if (remains.netns === '') return;
  try {
    await removeContainerLink(remains, options, warn);
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

/** The host's end is enough: the other one goes with it, wherever it is. */
async function removeHostLinks({ name, hostLinks }: Remains, options: RunOptions): Promise<boolean> {
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
  { name, netns: path }: Remains,
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
      warn(`bridge: left ${name.ifName} in ${path} alone: ${owner}`);
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
