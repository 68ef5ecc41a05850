import { expect } from 'vitest';
import { interfere, momentsOf } from '../../netns/bridge/moments.ts';
import { attachmentOf, leasesOn } from '../../netns/bridge/support.ts';
import type { Host, Pod } from '../../netns/harness/host.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../../netns/harness/plugin.ts';

/** A plugin with a configuration that works, on a host. */
export interface Subject {
  readonly host: Host;
  readonly plugin: string;
  readonly conf: object;
}

/** Calls the plugin for a pod; `more` changes its configuration, `variables` the rest of the call. */
export function call(
  { host, plugin, conf }: Subject,
  verb: string,
  pod: Pod,
  more: object = {},
  variables: Partial<PluginCall> = {},
): Promise<PluginOutcome> {
  const full = { cniVersion: '1.1.0', name: 'net', type: plugin, ...conf, ...more };
  return callPlugin(host, plugin, { verb, ...attachmentOf(pod), conf: full, ...variables });
}

/** The pod's links but `lo`, and the leases of the network. */
export async function leftovers(host: Host, pod: Pod): Promise<readonly string[]> {
  const links = JSON.parse(await pod.ip('-j link show')) as readonly { readonly ifname?: string }[];
  return [...links.flatMap(({ ifname = 'lo' }) => (ifname === 'lo' ? [] : [ifname])), ...(await leasesOn(host))];
}

/**
 * Fails and kills an ADD by turns where it speaks to the kernel, at every third of these moments; nothing may be left
 * after that or, where it was killed, after a DEL. The plugins share their verbs, so each begins with another moment.
 */
export async function expectNothingLeft(subject: Subject, first: number): Promise<void> {
  const { host, plugin, conf } = subject;
  const pod = await host.addPod();
  const full = { cniVersion: '1.1.0', name: 'net', type: plugin, ...conf };
  const add: PluginCall = { verb: 'ADD', ...attachmentOf(pod), conf: full };
  const moments = (await momentsOf(host, plugin, add)).filter((moment) => moment.call === 'sendto');
  expect((await call(subject, 'DEL', pod)).error).toBeUndefined();
  expect(moments.length).toBeGreaterThan(6);
  let disturbed = 0;
  for (let index = first; index < moments.length; index += 3) {
    const moment = moments[index];
    if (moment === undefined) continue;
    const what = index % 2 === 0 ? 'error=EIO' : 'signal=SIGKILL';
    const outcome = await interfere(host, plugin, add, moment, what);
    const where = `${what} ${moment.line}\n${outcome.stdout}${outcome.stderr}`;
    if (outcome.exitCode !== 0) disturbed += 1;
    if (outcome.stdout === '' || outcome.exitCode === 0) {
      expect((await call(subject, 'DEL', pod)).error, where).toBeUndefined();
    }
    expect(await leftovers(host, pod), where).toEqual([]);
  }
  expect(disturbed).toBeGreaterThan(0);
}
