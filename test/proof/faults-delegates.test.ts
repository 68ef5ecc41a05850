import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { writeSubnets } from '../netns/flannel/support.ts';
import { createHost } from '../netns/harness/host.ts';
import { callPlugin, type PluginCall } from '../netns/harness/plugin.ts';
import { expectRestored, takeSnapshot } from '../netns/harness/snapshot.ts';
import { plugLan } from '../netns/macvlan/support.ts';
import { impatientFolder, removeImpatientFolder } from './faults-impatient.ts';

const RESULT = '{"cniVersion":"1.0.0","ips":[{"address":"10.9.0.2/24","gateway":"10.9.0.1"}]}';
const SCRIPT = `#!/bin/sh
if [ -e "\${0%/*}/hangs" ]; then echo 'waiting for a server' >&2; exec sleep 1000; fi
if [ "$CNI_COMMAND" = ADD ]; then echo '${RESULT}'; fi
`;
/** Calls of impatient plugins: their patience of three seconds, a last one, and the plugin's own work. */
const LONGEST_MS = 8_000;
const HUNG = /others did not end its (?:ADD|DEL) within [\d.]+ s and was killed/;
const ipam = { type: 'others' };

afterAll(removeImpatientFolder);

test.concurrent.for([
  { type: 'bridge', ipam },
  { type: 'ptp', ipam },
  { type: 'macvlan', master: 'lan0', ipam },
  { type: 'tap', ipam },
  { type: 'host-device', device: 'spare0', ipam },
  { type: 'flannel', delegate: { type: 'others' } },
])('$type: a plugin of others that hangs is named, and nothing stays', async (plugin, { expect }) => {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-delegates-'));
  const host = await createHost('delegates');
  try {
    writeFileSync(join(folder, 'others'), SCRIPT, { mode: 0o755 });
    await host.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode']);
    await plugLan(host);
    await writeSubnets(host);
    await host.ip('link add name spare0 type veth peer name spare1');
    const pod = await host.addPod();
    await pod.wearIn();
    const executable = join(await impatientFolder(), plugin.type);
    const put = async (verb: string) => {
      const conf = { cniVersion: '1.0.0', name: 'net', ...plugin };
      const call: PluginCall = { verb, containerId: 'x', netns: pod.path, ifName: 'eth0', path: folder, conf };
      const outcome = await callPlugin(host, executable, call);
      expect(outcome.ms).toBeLessThan(LONGEST_MS);
      return outcome;
    };
    const succeed = async (verb: string) => expect(await put(verb)).toMatchObject({ error: undefined, exitCode: 0 });
    const hang = async (verb: string) => {
      writeFileSync(join(folder, 'hangs'), '');
      const { error } = await put(verb);
      rmSync(join(folder, 'hangs'));
      expect(error).toMatchObject({ code: 999, msg: expect.stringMatching(HUNG) });
    };
    // What all containers share comes with the first.
    await succeed('ADD');
    await succeed('DEL');
    const before = await takeSnapshot(host);

    await hang('ADD');
    // The other plugin may have done something, so what leads to it is kept for the DEL that runtimes send then.
    if (plugin.type === 'flannel') await succeed('DEL');
    await expectRestored(host, before);

    await succeed('ADD');
    await hang('DEL');
    await succeed('DEL');
    await expectRestored(host, before);
  } finally {
    await host.dispose();
    rmSync(folder, { recursive: true });
  }
});
