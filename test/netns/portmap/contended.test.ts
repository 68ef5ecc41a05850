import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHost } from '../harness/host.ts';
import { BUILT_PLUGINS, pluginEnvironment } from '../harness/plugin.ts';
import { OURS } from './suites.ts';
import { BACKENDS, callOf, containerRulesOn, crowdOf, type Mapped, succeed, tcp } from './support.ts';

/** Between any two parts of what the kernel tells others have changed something. */
const CONTENDER = 'while :; do nft add table inet other; nft delete table inet other; sleep 0.02; done';
const SLOWLY = ['-e', 'trace=recvfrom', '-e', 'inject=recvfrom:delay_enter=60000'];

test.each(BACKENDS)('rules of %s that others change all the time are added, looked at and removed', async (backend) => {
  const host = await createHost('contended');
  try {
    const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)], conf: { backend } };
    await succeed(host, OURS, callOf('ADD', mapped));
    await succeed(host, OURS, callOf('DEL', mapped));
    // So many that no answer has all of them at once.
    const crowded = await host.run(['sh', '-c', crowdOf(backend, 500)]);
    expect(crowded.exitCode, crowded.stderr).toBe(0);
    const before = await containerRulesOn(host);
    const contender = host.start(['sh', '-c', CONTENDER]);
    for (const verb of ['ADD', 'CHECK', 'DEL']) {
      const call = callOf(verb, mapped);
      const argv = ['strace', '-qq', '-o', '/dev/null', ...SLOWLY, join(BUILT_PLUGINS, 'portmap')];
      const outcome = await host.run(argv, { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf) });
      expect(outcome.exitCode, `${verb}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
    }
    await contender.stop();
    expect(await containerRulesOn(host)).toEqual(before);
  } finally {
    await host.dispose();
  }
});
