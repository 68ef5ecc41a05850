import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { OURS, referenceSuite, type Suite } from '../../netns/bridge/suites.ts';
import { createHost, type Host } from '../../netns/harness/host.ts';
import { linkStateScript, readLinkState } from '../../netns/link-state.ts';

const REFERENCE = await referenceSuite();

/** One configuration that both suites are given. */
export interface Case {
  readonly title: string;
  /** `"<pod>"` in it stands for the path of the pod's namespace. */
  readonly conf: Readonly<Record<string, unknown>>;
  readonly cniVersion?: string;
  readonly args?: string;
  /** Lines of `ip` that prepare the pod. */
  readonly inPod?: readonly string[];
  /** Whether CHECK by the other suite has to succeed as well; some of the reference's fail after any ADD. */
  readonly isChecked?: true;
  /** A link of the pod that goes with DEL. */
  readonly goes?: string;
}

/** What a suite answered, and what it left. */
interface Seen {
  readonly title: string;
  readonly add: unknown;
  readonly afterAdd: readonly string[];
  readonly check: string;
  readonly del: string;
  /** Names of the pod's links, and leases. */
  readonly left: readonly string[];
  readonly afterDel: readonly string[];
}

/** How {@link expectSameOfAll} looks at a plugin. */
export interface BatchOptions {
  /** What is on the host before. */
  readonly setUp?: (host: Host) => Promise<unknown>;
  /** Whether the plugin changes the host as well. */
  readonly changesHost?: true;
  /** Whether it works on links that are there: they are there after DEL as well, and have to be the same. */
  readonly isChained?: true;
}

/**
 * Has each suite do the ADD of all cases, and the other one CHECK and DEL after it: what both answer and what they
 * leave has to be the same. One shell goes through all of it, because each process of the test's own is slow here.
 *
 * @returns the titles of the cases that both refuse
 */
export async function expectSameOfAll(
  plugin: string,
  cases: readonly Case[],
  options: BatchOptions = {},
): Promise<readonly string[]> {
  const [ours, theirs] = await Promise.all([
    observe(plugin, cases, OURS, REFERENCE, options),
    observe(plugin, cases, REFERENCE, OURS, options),
  ]);
  expect(ours).toHaveLength(cases.length);
  expect(ours.map(comparable)).toEqual(theirs.map(comparable));
  for (const [index, { title, inPod = [], goes }] of cases.entries()) {
    const [mine, other] = [ours[index], theirs[index]];
    if (mine === undefined || other === undefined) continue;
    expect([title, mine.check, mine.del, other.check, other.del]).toEqual([title, '', '', '', '']);
    const there = inPod.flatMap((line) => [...line.matchAll(/\bname (\S+)/g)].map(([, name = '']) => name));
    expect([title, mine.left]).toEqual([title, ['lo', ...there.filter((name) => name !== goes)].sort()]);
    if (typeof mine.add !== 'string') expect([title, other.left]).toEqual([title, mine.left]);
  }
  return ours.flatMap(({ title, add }) => (typeof add === 'string' ? [title] : []));
}

/** What has to be the same whoever did it; the reference leaves much when it fails. */
function comparable({ title, add, afterAdd, afterDel }: Seen): Partial<Seen> {
  return typeof add === 'string' ? { title, add } : { title, add, afterAdd, afterDel };
}

async function observe(
  plugin: string,
  cases: readonly Case[],
  adds: Suite,
  removes: Suite,
  options: BatchOptions,
): Promise<readonly Seen[]> {
  const host = await createHost(adds.name);
  try {
    await options.setUp?.(host);
    mkdirSync(`${host.root}/run/batch`);
    for (const [index, one] of cases.entries()) {
      const { prevResult, ...conf } = {
        cniVersion: one.cniVersion ?? '1.0.0',
        name: 'net',
        type: plugin,
        ...one.conf,
      } as Record<string, unknown>;
      const text = JSON.stringify(conf);
      const given = prevResult === undefined ? text : JSON.stringify({ ...conf, prevResult });
      const inItsPod = given.replaceAll('"<pod>"', `"/run/netns/pod${index}"`);
      writeFileSync(`${host.root}/run/batch/${index}.add`, inItsPod);
      // The result of ADD is put in by the shell.
      writeFileSync(`${host.root}/run/batch/${index}.begin`, `${text.slice(0, -1)},"prevResult":`);
    }
    const script = ['set -u', FUNCTIONS, ...cases.map((one, index) => scriptOf(one, index, options))];
    const env = { ADDS: join(adds.folder, plugin), REMOVES: join(removes.folder, plugin), CNI_IFNAME: 'eth0' };
    const run = { env: { ...env, CNI_CONTAINERID: 'c1' }, timeoutMs: 110_000 };
    const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script.join('\n')], run);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const parts = stdout.split(/^@@\n/m).slice(1);
    return cases.map((one, index) => read(one, index, parts.slice(index * 5, index * 5 + 5)));
  } finally {
    await host.dispose();
  }
}

/** What each case does: five parts of the output for each. */
const FUNCTIONS = `
state() { nsenter --net=$CNI_NETNS sh -ec '${linkStateScript('eth0').replaceAll("'", "'\\''")}'; }
host_state() { sh -ec '${linkStateScript().replaceAll("'", "'\\''")}'; }
next() { echo; echo @@; }
call() { CNI_COMMAND=$1 CNI_PATH=\${2%/*} $2 <$3 2>/run/batch/stderr; }
`;

function scriptOf({ args = '', inPod = [], isChecked }: Case, index: number, options: BatchOptions): string {
  const pod = `pod${index}`;
  const { changesHost, isChained } = options;
  // Asking for no settings of a link needs no program but `ip`.
  const state = isChained ? linkStateScript(undefined, `ip -n ${pod}`) : 'state';
  const file = `/run/batch/${index}`;
  const check = isChecked ? `call CHECK $REMOVES ${file}.known` : ':';
  return [
    `ip netns add ${pod}; export CNI_NETNS=/run/netns/${pod} CNI_ARGS='${args}'`,
    ...(inPod.length === 0 ? [] : [`ip -n ${pod} -batch - <<END\n${inPod.join('\n')}\nEND`]),
    `next; call ADD $ADDS ${file}.add >${file}.result && added=yes || added=no; cat ${file}.result`,
    // Of an ADD that failed only the links and leases that are left count.
    `next; [ $added = no ] || { ${state}${changesHost ? '; echo @host; host_state' : ''}; }`,
    `(cat ${file}.begin ${file}.result; echo '}') >${file}.known`,
    `next; [ $added = no ] || ${check} || echo "exit status $?"`,
    `next; [ $added = no ] || call DEL $REMOVES ${file}.known || echo "exit status $?"`,
    `next; ip -n ${pod} -j link show; echo; [ ! -d /var/lib/cni/networks/net ] || ls /var/lib/cni/networks/net`,
    ...(isChained ? [`[ $added = no ] || { echo @pod; ${state}; }`] : []),
    `ip netns del ${pod}`,
  ].join('\n');
}

function read({ title }: Case, index: number, parts: readonly string[]): Seen {
  const [add = '', afterAdd = '', check = '', del = '', left = ''] = parts;
  const answer = JSON.parse(steady(add, index)) as { readonly code?: number; readonly msg?: string };
  const [pod = '', ...host] = afterAdd.split('@host\n');
  const [rest = '', podAfter = ''] = left.split('@pod\n');
  const [links = '', ...leases] = rest.split('\n').filter((line) => line !== '');
  const lines = [...readLinkState(pod), ...host.flatMap(readLinkState).map((line) => `host ${line}`)];
  return {
    title,
    // Of an error the details are our own.
    add: answer.code === undefined ? answer : (answer.msg ?? ''),
    afterAdd: lines.map((line) => steady(line, index)).sort(),
    check: check.trim(),
    del: del.trim(),
    left: [
      ...(JSON.parse(links) as readonly { readonly ifname: string }[]).map(({ ifname }) => ifname),
      ...leases.filter((name) => /^[\da-f]*[.:]/.test(name)).map((name) => `lease ${name}`),
    ].sort(),
    afterDel: readLinkState(podAfter)
      .map((line) => steady(line, index))
      .sort(),
  };
}

/** Without what is random, and without what this suite adds on purpose. */
function steady(text: string, index: number): string {
  return text
    .replaceAll(`/run/netns/pod${index}"`, '<pod>"')
    .replace(/,"ifalias":"cni-ts:[^"]*"/g, '')
    .replace(/\bveth[\da-f]{8}\b/g, '<veth>')
    .replace(/\b(?!02:00:(?:00:00|5e:10)|ff:ff:ff:ff|00:00:00:00)(?:[\da-f]{2}:){5}[\da-f]{2}\b/g, '<mac>');
}
