import { ip } from '../../ip/command.ts';
import { inContainer } from '../../netns/container.ts';
import { isNetnsGone } from '../../netns/error.ts';
import { type RunOptions, runPlan } from '../../plan/executor.ts';
import { Plan } from '../../plan/plan.ts';
import { type AttachmentName, isOwnAlias, linkAlias } from '../identity.ts';
import { isKind, linkIn, lookAt, type ShownLink } from '../links.ts';

/** What is known about a link that has to go. */
export interface InnerRemains {
  readonly kind: string;
  readonly name: AttachmentName;
  /** Path of the container's namespace; '' when it is not known: without it the link is gone too. */
  readonly netns: string;
  /** What the link may be called as long as it has not its own name. */
  readonly temporary: readonly string[];
  /** Whether only a link that says whose it is may go: the namespace may be another container's by now. */
  readonly onlyMarked: boolean;
}

/** Removes the link of an attachment, if it is there and nobody else's. */
export async function removeInner(
  remains: InnerRemains,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  const { netns: path, name, temporary, onlyMarked } = remains;
  if (path === '') return;
  try {
    await inContainer(path, async (netns) => {
      const wanted = [name.ifName, ...(onlyMarked ? [] : temporary)].map((link) => linkIn(netns, link));
      for (const link of await lookAt(wanted, options)) {
        if (link === undefined) continue;
        const owner = ownerOf(link, remains);
        if (owner !== undefined) warn(`left ${link.ifname} in ${path} alone: ${owner}`);
        else {
          const plan = new Plan().inside(netns, ip`link del dev ${link.ifname}`, {
            tolerate: ['ENODEV'],
            failing: `failed to delete "${link.ifname}"`,
          });
          await runPlan(plan, options);
        }
      }
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

/** Why a link is not this attachment's to remove. */
function ownerOf(link: ShownLink, { kind, name, onlyMarked }: InnerRemains): string | undefined {
  if (!isKind(link, kind)) return `it is a ${link.linkinfo?.info_kind ?? 'device'}`;
  if (link.ifalias === linkAlias(name)) return undefined;
  if (isOwnAlias(link.ifalias)) return `it belongs to ${link.ifalias}`;
  return onlyMarked ? 'it does not say whose it is' : undefined;
}
