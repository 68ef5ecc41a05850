import type { Family } from '../addr/address.ts';
import type { Netns } from '../netns/netns.ts';
import { CniError, ErrorCode, toCniError } from '../types/error.ts';
import type { MasqueradeBackend } from './backend-name.ts';
import { FilterError, isMissing, missingProgram, packageOf, runFilter, Site } from './program.ts';
import { IPTABLES } from './restore.ts';

/** The oldest nft that knows comments of tables. */
const OLDEST_NFT = [1, 0, 1];

/** Why masquerade rules cannot be made here, and what to install; `undefined` when they can. */
export async function masqueradeProblem(
  place: Netns,
  backend: MasqueradeBackend | undefined,
  timeoutMs = 30_000,
): Promise<string | undefined> {
  const site = new Site({ place, timeoutMs });
  if (backend === 'nftables') return (await nftProblem(site))?.toString();
  const iptables = await iptablesProblem(site, 4);
  if (backend === 'iptables' || iptables === undefined) return iptables?.toString();
  const nft = await nftProblem(site);
  return nft === undefined ? undefined : `neither iptables nor nftables can be used: ${iptables}; ${nft}`;
}

/** Why iptables cannot be used here. */
export async function iptablesProblem(site: Site, family: Family): Promise<CniError | undefined> {
  const program = IPTABLES[family];
  try {
    await runFilter(site, [program, `--wait=${site.lockSeconds}`, '-t', 'filter', '-S', 'INPUT', '1']);
    return undefined;
  } catch (thrown) {
    return isMissing(thrown) ? missingProgram(program, thrown) : toCniError(thrown);
  }
}

/** Why nft cannot be used here. */
export async function nftProblem(site: Site): Promise<CniError | undefined> {
  try {
    const version = (await runFilter(site, ['nft', '--version'])).trim();
    if (!isRecent(version)) {
      return new CniError(
        ErrorCode.internal,
        `nft version must be v1.0.1 or later (got ${version})`,
        `update ${packageOf('nft')}`,
      );
    }
    const statement = 'add table inet cni_plugins_masquerade { comment "test" ; }\n';
    await runFilter(site, ['nft', '--check', '-f', '-'], { stdin: statement });
    return undefined;
  } catch (thrown) {
    return isMissing(thrown) ? missingProgram('nft', thrown) : toCniError(thrown);
  }
}

/** Whether a backend is known not to be of use here. One that hung or was killed has said nothing about that. */
export function isUnusable(problem: CniError | undefined): boolean {
  return problem !== undefined && !(problem instanceof FilterError && problem.wasEnded);
}

/**
 * After iptables has failed: nft is to be used only where iptables cannot be used and nft can.
 *
 * @throws what iptables failed with, otherwise
 */
export async function expectOnlyNft(site: Site, failure: unknown): Promise<void> {
  const [iptables, nft] = await Promise.all([iptablesProblem(site, 4), nftProblem(site)]);
  if (!isUnusable(iptables)) throw failure;
  if (nft === undefined) return;
  const { code, message, details } = toCniError(failure);
  throw new CniError(code, message, [details, `nftables cannot be used either: ${nft}`].filter(Boolean).join('; '), {
    cause: failure,
  });
}

function isRecent(text: string): boolean {
  const version = /v(\d+)\.(\d+)(?:\.(\d+))?/
    .exec(text)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (version === undefined) return false;
  const at = OLDEST_NFT.findIndex((part, index) => version[index] !== part);
  return at === -1 || (version[at] ?? 0) > (OLDEST_NFT[at] ?? 0);
}
