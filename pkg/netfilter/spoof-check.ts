import type { Netns } from '../netns/netns.ts';
import { quote, type WorkAction } from '../plan/action.ts';
import type { ContainerInterface } from '../types/attachment.ts';
import { listRules, type NftRule, parseRules } from './nft-list.ts';
import { line } from './print.ts';
import { FilterError, isMissing, missingProgram, retryOnConflict, runFilter, Site } from './program.ts';

/** What packets are checked, and against which address. */
export interface SpoofCheck extends ContainerInterface {
  /** The host's end of the container's link. */
  readonly hostLink: string;
  readonly mac: string;
}

/** How {@link addSpoofCheck} works. */
export interface SpoofOptions {
  /** An earlier ADD may have left rules: they are looked for, and replaced in the same transaction. */
  readonly mayExist?: boolean;
}

/** The names of an attachment's chains, and the comment of its rules. */
export interface SpoofNames {
  readonly link: string;
  readonly mac: string;
  readonly comment: string;
}

const NAT = { family: 'bridge', table: 'nat' };
const BASE = { ...NAT, name: 'PREROUTING', type: 'filter', hook: 'prerouting', prio: -300, policy: 'accept' };

/** The names of an attachment's chains, and the comment of its rules. */
export function spoofNames({ containerId, ifName }: ContainerInterface): SpoofNames {
  const id = `${containerId}-${ifName}`;
  return { link: `cni-br-iface-${id}`, mac: `cni-br-iface-${id}-mac`, comment: `macspoofchk-${id}` };
}

/**
 * Drops what a container sends from another MAC address than its own. The output is the handle of the rule that leads
 * to its chains, for {@link removeSpoofCheck}. It brings its own undo.
 */
export function addSpoofCheck(check: SpoofCheck, options: SpoofOptions = {}): WorkAction {
  const link = spoofNames(check).link;
  return {
    kind: 'netfilter',
    print: (place) => [line(place, 'nft', '-j', toJson(additions(check)))],
    async run(context) {
      const site = new Site(context);
      try {
        const handle = await retryOnConflict(site, async () => {
          const stale = options.mayExist === true ? await staleHandles(site, check) : [];
          const echo = await transact(site, [...(stale ?? []).map(ruleDeletion), ...additions(check)]);
          return parseRules(echo).find((rule) => leadsTo(rule, link))?.handle;
        });
        return { output: handle, undo: [removeSpoofCheck(check, handle)] };
      } catch (thrown) {
        // A program that was ended, or could not say what it did, may have done it.
        if (!isMissing(thrown)) await removeFound(site.afresh(), check).catch(() => {});
        throw isMissing(thrown) ? missingProgram('nft', thrown) : thrown;
      }
    },
  };
}

/**
 * Removes the check; what is not there is fine, and so is a missing nft, which is what the output says then. With the
 * handle nothing has to be listed.
 * The handle may be out of date: unless it is the very rule that leads to these chains, they are either not there or
 * still in use, and the whole transaction fails.
 */
export function removeSpoofCheck(key: ContainerInterface, handle?: number): WorkAction {
  return {
    kind: 'netfilter',
    print: (place) => printRemoval(place, key, handle),
    async run(context) {
      const site = new Site(context);
      try {
        if (handle === undefined || !(await removeKnown(site, key, handle))) await removeFound(site, key);
        return {};
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
        return { output: 'missing' };
      }
    },
  };
}

/** An object of nft's JSON syntax: the only one in which a chain may be named after any interface. */
type Statement = Readonly<Record<string, unknown>>;

function additions(check: SpoofCheck): Statement[] {
  const { link, mac, comment } = spoofNames(check);
  const rule = (chain: string, ...expr: readonly Statement[]): Statement => ({
    add: { rule: { ...NAT, chain, expr, comment } },
  });
  const match = (left: Statement, right: string): Statement => ({ match: { op: '==', left, right } });
  return [
    { add: { table: { family: NAT.family, name: NAT.table } } },
    { add: { chain: BASE } },
    ...chainStatements('add', link, mac),
    ...chainStatements('flush', link, mac),
    rule('PREROUTING', match({ meta: { key: 'iifname' } }, check.hostLink), { jump: { target: link } }),
    rule(link, { jump: { target: mac } }),
    rule(mac, match({ payload: { protocol: 'ether', field: 'saddr' } }, check.mac), { return: null }),
    rule(mac, { drop: null }),
  ];
}

function chainStatements(verb: string, ...names: readonly string[]): Statement[] {
  return names.map((name) => ({ [verb]: { chain: { ...NAT, name } } }));
}

function ruleDeletion(handle: number): Statement {
  return { delete: { rule: { ...NAT, chain: 'PREROUTING', handle } } };
}

async function removeKnown(site: Site, key: ContainerInterface, handle: number): Promise<boolean> {
  const { link, mac } = spoofNames(key);
  try {
    await transact(site, [ruleDeletion(handle), ...chainStatements('delete', link, mac)]);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.timedOut) throw thrown;
    return false;
  }
}

async function removeFound(site: Site, key: ContainerInterface): Promise<void> {
  const { link, mac } = spoofNames(key);
  await retryOnConflict(site, async () => {
    const handles = await staleHandles(site, key);
    if (handles === undefined) return;
    // What is added first can be deleted for certain.
    const chains = [...chainStatements('add', link, mac), ...chainStatements('flush', link, mac)];
    await transact(site, [...chains, ...handles.map(ruleDeletion), ...chainStatements('delete', link, mac)]);
  });
}

/** The rules that lead to an attachment's chains; `undefined` when nobody is checked on this host. */
async function staleHandles(site: Site, key: ContainerInterface): Promise<number[] | undefined> {
  const { link } = spoofNames(key);
  const rules = await listRules(site, 'chain', NAT.family, NAT.table, 'PREROUTING');
  return rules?.filter((rule) => leadsTo(rule, link)).map((rule) => rule.handle);
}

function leadsTo({ chain, expr }: NftRule, link: string): boolean {
  return chain === 'PREROUTING' && expr.some(({ jump }) => jump?.target === link);
}

function toJson(statements: readonly Statement[]): string {
  return JSON.stringify({ nftables: statements });
}

/** One transaction; gives it back as nft echoes it, with the handles. */
async function transact(site: Site, statements: readonly Statement[]): Promise<string> {
  // As an argument: nft cannot open a stdin that is a socket when it reads JSON.
  return runFilter(site, ['nft', '-a', '-e', '-j'], { argument: toJson(statements) });
}

function printRemoval(place: Netns, key: ContainerInterface, handle: number | undefined): string[] {
  const { link, mac, comment } = spoofNames(key);
  const chains = chainStatements('delete', link, mac);
  if (handle !== undefined) return [line(place, 'nft', '-j', toJson([ruleDeletion(handle), ...chains]))];
  const list = line(place, 'nft', '-a', 'list', 'chain', 'bridge', 'nat', 'PREROUTING');
  const rules = `s/.* comment "${comment}" # handle \\([0-9]*\\)$/delete rule bridge nat PREROUTING handle \\1/p`;
  return [
    `${list} | sed -n ${quote(rules)} | ${line(place, 'nft', '-f', '-')}`,
    line(place, 'nft', '-j', toJson(chains)),
  ];
}
