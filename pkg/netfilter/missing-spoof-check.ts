import type { Netns } from '../netns/netns.ts';
import { listRules, type NftRule } from './nft-list.ts';
import { isMissing, missingProgram, Site } from './program.ts';
import { type SpoofCheck, spoofNames } from './spoof-check.ts';

/** What is missing of an attachment's spoof check, one text each; none when it is complete. */
export async function missingSpoofCheck(place: Netns, check: SpoofCheck, timeoutMs: number): Promise<string[]> {
  try {
    const rules = (await listRules(new Site({ place, timeoutMs }), 'table', 'bridge', 'nat')) ?? [];
    const { link, mac } = spoofNames(check);
    const has = (chain: string, right: string | undefined, ...is: ((rule: NftRule) => boolean)[]): boolean =>
      rules.some((rule) => rule.chain === chain && matched(rule) === right && is.every((test) => test(rule)));
    const jumps = (target: string) => (rule: NftRule) => rule.expr.some(({ jump }) => jump?.target === target);
    const address = check.mac.toLowerCase();
    const wanted: [chain: string, rule: string, isThere: boolean][] = [
      ['PREROUTING', `iifname ${check.hostLink} jump ${link}`, has('PREROUTING', check.hostLink, jumps(link))],
      [link, `jump ${mac}`, has(link, undefined, jumps(mac))],
      [mac, `ether saddr ${address} return`, has(mac, address, ({ expr }) => expr.some((one) => one.return === null))],
      [mac, 'drop', has(mac, undefined, ({ expr }) => expr.some((one) => one.drop === null))],
    ];
    const gaps = wanted.filter(([, , isThere]) => !isThere);
    return gaps.map(([chain, rule]) => `missing in nft chain bridge nat ${chain}: ${rule}`);
  } catch (thrown) {
    if (isMissing(thrown)) return [missingProgram('nft', thrown).toString()];
    throw thrown;
  }
}

/** What a rule compares with. */
function matched({ expr }: NftRule): unknown {
  return expr.find(({ match }) => match !== undefined)?.match?.right;
}
