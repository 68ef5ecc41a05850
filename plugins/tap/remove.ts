import { isKind, linkIn, lookAt } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';

/** Which device has to go. */
export interface Unwanted {
  readonly ifName: string;
  /** All records of its container. */
  readonly records: readonly AttachmentRecord[];
  readonly network: string;
  readonly options: RunOptions;
  warn(line: string): void;
}

/** Removes the device; what has its name and is another's, or no tap device, is left alone. */
export async function removeTap(netns: Netns, { ifName, records, network, options, warn }: Unwanted): Promise<void> {
  const [link] = await lookAt([linkIn(netns, ifName)], options);
  if (link === undefined) return;
  const other = records.find((record) => record.ifName === ifName && record.network !== network);
  if (other !== undefined || !isKind(link, 'tun')) {
    const whose =
      other === undefined ? `it is a ${link.linkinfo?.info_kind ?? 'device'}` : `network ${other.network} has it`;
    warn(`tap: left ${ifName} in ${netns.path} alone: ${whose}`);
    return;
  }
  const plan = new Plan().inside(netns, ip`link del dev ${ifName}`, {
    tolerate: ['ENODEV'],
    failing: `failed to delete "${ifName}"`,
  });
  await runPlan(plan, options);
}
