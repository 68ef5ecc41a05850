import { expect } from 'vitest';
import { compareLines, distinctLines } from '../../../scripts/lib/network-state.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { callPlugin, type PluginOutcome } from '../harness/plugin.ts';
import type { Case } from './cases.ts';
import { normalizedDocument, normalizedState } from './normalized-state.ts';
import { OURS, referenceSuite, type Suite } from './suites.ts';

const REFERENCE = await referenceSuite();

interface Seen {
  readonly add: { readonly exitCode: number | undefined; readonly document: unknown };
  readonly afterAdd: readonly string[];
  readonly del: number | undefined;
  readonly afterDel: readonly string[];
}

/** What this suite adds on purpose, in every case; docs/plugins/bridge.md has the reasons. */
const ADDED_ON_PURPOSE = /,"(?:ifalias":"cni-ts:[^"]*"|nodad":true)/g;

/** A bridge without a MAC of its own has none any more when its last port is gone; ours keeps its own. */
const LOST_MAC = /("ifname":"cni0".*"link_type":"ether","address":")00:00:00:00:00:00/;

/** Routes that the kernel makes itself, for each address of IPv6 as soon as it has looked for duplicates. */
const MADE_BY_KERNEL = /^[-+] \w+ route-6 \{"type":"(?:local|anycast|multicast)"/;

/** Fails with the lines that only one of the suites leaves after ADD or DEL, or when they answer differently. */
export async function expectSame(one: Case, plugin = 'bridge'): Promise<void> {
  const [ours, theirs] = await Promise.all([observe(OURS, one, plugin), observe(REFERENCE, one, plugin)]);
  expect(ours.add).toEqual(theirs.add);
  expect(differences(theirs.afterAdd, ours.afterAdd, one)).toEqual([]);
  expect(theirs.del).toBe(one.referenceMisreads ? 1 : ours.del);
  expect(ours.del).toBe(0);
  expect(differences(theirs.afterDel, ours.afterDel, one)).toEqual([]);
}

async function observe(suite: Suite, one: Case, plugin: string): Promise<Seen> {
  const host = await createHost(suite.name);
  try {
    const pod = await host.addPod();
    await one.prepare?.(host, pod);
    const conf = { cniVersion: one.cniVersion ?? '1.0.0', name: 'net', type: plugin, ...one.conf };
    const add = await call(suite, 'ADD', host, pod, one, conf);
    const document = normalizedDocument(add.result ?? add.error, pod, one.macs);
    const afterAdd = await normalizedState(host, pod, one.macs);
    const del = await call(suite, 'DEL', host, pod, one, { ...conf, prevResult: add.result });
    const afterDel = await normalizedState(host, pod, one.macs);
    return { add: { exitCode: add.exitCode, document }, afterAdd, del: del.exitCode, afterDel };
  } finally {
    await host.dispose();
  }
}

function call(
  suite: Suite,
  verb: string,
  host: Host,
  pod: Pod,
  one: Case,
  conf: { readonly type: string; readonly prevResult?: unknown },
): Promise<PluginOutcome> {
  const { args = '' } = one;
  const variables = { containerId: 'c1', netns: pod.path, ifName: 'eth0', args, path: suite.folder };
  return callPlugin(host, `${suite.folder}/${conf.type}`, { verb, ...variables, conf });
}

function comparable(line: string): string {
  return line.replace(ADDED_ON_PURPOSE, '').replace(LOST_MAC, '$1<mac>').replace(TARGET_OF_IPTABLES, '$1');
}

/** nft 1.0.6 sometimes leaves out the target of a rule that iptables made; iptables-save has the rule as well. */
const TARGET_OF_IPTABLES = /(nft table ip6? nat chain CNI-[\da-f]+ .* counter) masquerade$/;

/** Lines that only the reference (`-`) or only this suite (`+`) has. */
function differences(theirs: readonly string[], ours: readonly string[], { differs = [] }: Case): readonly string[] {
  const lines = compareLines(distinctLines(theirs.map(comparable)), distinctLines(ours.map(comparable)));
  return lines.filter((line) => ![MADE_BY_KERNEL, ...differs].some((pattern) => pattern.test(line)));
}
