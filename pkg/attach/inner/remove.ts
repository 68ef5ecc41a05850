import { ip } from '../../ip/command.ts';
import { inContainer } from '../../netns/container.ts';
import { isNetnsGone } from '../../netns/error.ts';
import { type RunOptions, runPlan } from '../../plan/executor.ts';
import { Plan } from '../../plan/plan.ts';
import type { Attachment } from '../../types/attachment.ts';
import { isOwnAlias, linkAlias } from '../identity.ts';
import { isKind, linkIn, lookAt, type ShownLink } from '../links.ts';

/** What is known about a link that has to go. */
export interface InnerRemains {
  readonly kind: string;
  readonly name: Attachment;
  /** Path of the container's namespace; '' when it is not known: without it the link is gone too. */
  readonly netns: string;
  /** What the link may be called as long as it has not its own name. */
  readonly temporary: readonly string[];
  /** Whether a link of the final name has to say whose it is: the namespace may be another container's by now. */
  readonly onlyMarked: boolean;
}

/** Removes the link of an attachment, if it is there and nobody else's. */
export async function removeInner(
  remains: InnerRemains,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  const { netns: path, name, temporary } = remains;
  if (path === '') return;
  try {
    await inContainer(path, async (netns) => {
      const wanted = [name.ifName, ...temporary].map((link) => linkIn(netns, link));
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
function ownerOf(link: ShownLink, { kind, name, temporary, onlyMarked }: InnerRemains): string | undefined {
  if (!isKind(link, kind)) return `it is a ${link.linkinfo?.info_kind ?? 'device'}`;
  if (link.ifalias === linkAlias(name)) return undefined;
  if (isOwnAlias(link.ifalias)) return `it belongs to ${link.ifalias}`;
  // On the way in a link says nothing yet, but its name is made from its owner's, or by chance.
  return onlyMarked && !temporary.includes(link.ifname ?? '') ? 'it does not say whose it is' : undefined;
}
