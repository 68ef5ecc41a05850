import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, missingPrevResult, toCniError } from '../../pkg/types/error.ts';
import { type FoundLink, findLink, missingLink } from './link.ts';
import type { TuningConf } from './schema.ts';
import { settingsOf, type TuningSettings } from './settings.ts';
import { refuseDuplicates, type Sysctl, sameValue } from './sysctl.ts';

/** Compares settings and interface with what is asked for; all differences are named. */
export async function check(call: AttachmentCall<TuningConf>): Promise<void> {
  refuseDuplicates(call);
  const settings = settingsOf(call);
  if (call.prevResult === undefined) throw missingPrevResult();
  const differences = await inContainer(call.netns, async (netns) => {
    const found: string[] = [];
    for (const sysctl of settings.sysctls) {
      const difference = await sysctlDifference(netns, sysctl);
      if (difference !== undefined) found.push(difference);
    }
    if (Object.keys(settings.link).length === 0) return found;
    const link = await findLink(netns, call.ifName, await runOptions(call.environment, 'tuning'));
    if (link === undefined) throw missingLink(`Cannot find container link ${call.ifName}`, netns, call.ifName);
    return [...found, ...linkDifferences(call.ifName, settings, link)];
  });
  const [first] = differences;
  if (first === undefined) return;
  throw new CniError(ErrorCode.internal, first, differences.join('; '));
}

async function sysctlDifference(netns: Netns, { path, value }: Sysctl): Promise<string | undefined> {
  let current: string;
  try {
    current = (await netns.readFile(path)).replace(/\n$/, '');
  } catch (thrown) {
    return toCniError(thrown).message;
  }
  if (sameValue(current, value)) return undefined;
  return `Error: Tuning configured value of ${path} is ${value}, current value is ${current}`;
}

function linkDifferences(ifName: string, { link, macText }: TuningSettings, found: FoundLink): string[] {
  const { mac, promisc, mtu, allmulti, txQLen } = link;
  const differences: string[] = [];
  const compare = (what: string, wanted: unknown, current: unknown): void => {
    differences.push(`Error: Tuning ${what} is ${wanted}, current value is ${current}`);
  };
  if (mac !== undefined && mac !== found.mac) compare(`configured Ethernet of ${ifName}`, macText, found.mac);
  // Others may ask for it as well; that nobody does is the difference.
  if (promisc === true && !found.promisc) compare(`link ${ifName} configured promisc`, true, found.promiscuity);
  if (mtu !== undefined && mtu !== found.mtu) compare(`configured MTU of ${ifName}`, mtu, found.mtu);
  if (allmulti !== undefined && allmulti !== found.allmulti) {
    compare(`configured all-multicast mode of ${ifName}`, allmulti, found.allmulti);
  }
  if (txQLen !== undefined && txQLen !== found.txQLen) {
    compare(`configured Transmit Queue Length of ${ifName}`, txQLen, found.txQLen);
  }
  return differences;
}
