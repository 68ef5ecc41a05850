import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BY_IP } from '../harness/drivers.ts';
import { BUILT_PLUGINS, pluginEnvironment } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { OURS } from './suites.ts';
import {
  BACKENDS,
  callOf,
  containerRulesOn,
  type Mapped,
  notesOn,
  rulesOn,
  SHARED,
  succeed,
  tcp,
  udp,
} from './support.ts';

const host = await useHost({ mayStay: SHARED });

/** What the plugin's own calls end with; the programs that it starts are left alone. */
const FAILURES = [
  ['sending', 'sendto:error=EMSGSIZE'],
  ['sending, for want of memory', 'sendto:error=ENOBUFS'],
  ['receiving', 'recvfrom:error=ENOBUFS'],
  ['opening a socket', 'socket:error=EMFILE'],
] as const;

async function failing(verb: string, mapped: Mapped, failure: string): Promise<void> {
  // Links and routes are another matter.
  const call = { ...callOf(verb, mapped), env: BY_IP };
  const inject = ['-e', `trace=${failure.slice(0, failure.indexOf(':'))}`, '-e', `inject=${failure}`];
  const argv = ['strace', '-f', '-b', 'execve', '-qq', '-o', '/dev/null', ...inject, join(BUILT_PLUGINS, 'portmap')];
  const outcome = await host.run(argv, { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf) });
  expect(outcome.exitCode, `${verb}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
}

/** Only rules: by a socket that fails nobody learns which link leads to the container either. */
async function ownRules(): Promise<readonly string[]> {
  return (await rulesOn(host)).filter((line) => !line.startsWith('/proc/'));
}

describe.each(BACKENDS)('%s', (backend) => {
  test.each(FAILURES)('whatever %s fails with, the program does it', async (_, failure) => {
    const mappings = [tcp(8080, 80), udp(53, 53)];
    const addresses = ['10.99.0.2/16', 'fd00:99::2/64'];
    const mapped: Mapped = { pod: await host.addPod(), mappings, addresses, conf: { backend } };
    await succeed(host, OURS, callOf('ADD', mapped));
    const rules = await ownRules();
    await succeed(host, OURS, callOf('DEL', mapped));
    const without = await ownRules();
    await failing('ADD', mapped, failure);
    expect(await ownRules()).toEqual(rules);
    await failing('CHECK', mapped, failure);
    await failing('DEL', mapped, failure);
    expect(await ownRules()).toEqual(without);
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  });
});
