import type { ShownLink } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import { linkName } from '../../pkg/ip/names.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';

/** All links of a namespace with their details, by their index. */
export async function linksIn(place: Netns, options: RunOptions): Promise<readonly ShownLink[]> {
  const { captures } = await runPlan(new Plan().inside(place, ip`-d link show`, { capture: 'links' }), options);
  const links = captures.get('links');
  return Array.isArray(links) ? (links as readonly ShownLink[]) : [];
}

/** The link with a name. */
export function linkNamed(links: readonly ShownLink[], name: string): ShownLink | undefined {
  for (const link of links) if (link.ifname === name) return link;
  return undefined;
}

/** Whether a link could have this name. */
export function isLinkName(text: string): boolean {
  try {
    return linkName(text) === text;
  } catch {
    return false;
  }
}

/**
 * A hardware address of 6, 8 or 20 octets in one of the notations in use (`02:00:…`, `02-00-…`, `0200.0000.…`), as the
 * kernel prints it; `undefined` when the text is none.
 */
export function hwaddrOf(text: string): string | undefined {
  const isAddress = /^[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2})*$|^[\da-f]{4}(?:\.[\da-f]{4})+$/i.test(text);
  const digits = text.replace(/[:.-]/g, '').toLowerCase();
  if (!isAddress || ![12, 16, 40].includes(digits.length)) return undefined;
  return digits.replace(/..(?!$)/g, '$&:');
}
