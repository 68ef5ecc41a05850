import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Pod } from '../harness/host.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { withoutProgram } from '../harness/without.ts';
import { callFirewall, IPV4, IPV6, rulesOf } from './support.ts';

const host = await useHost({
  mayStay: [
    /^file \/run\/cni-ts(?:\/attachments(?:\/\.firewall)?)? folder/,
    /^file \/run\/mount/,
    // Chains, jumps and tables that all containers share.
    /^host nft table (?:ip6?|inet) (?:nat|filter|cni_firewall)/,
    /^host ip6?tables-save /,
  ],
});

const BACKENDS = ['iptables', 'nftables'] as const;

async function setOf(family: 4 | 6): Promise<string> {
  return (await host.run(['nft', 'list', 'set', 'inet', 'cni_firewall', `containers${family}`])).stdout;
}

/** Whether anything lets an address pass. */
async function passes(address: string): Promise<boolean> {
  const sets = `${await setOf(4)}${await setOf(6)}`;
  return `${sets}${await rulesOf(host)}`.includes(address);
}

function call(
  verb: string,
  netns: string,
  conf: object,
  over: object = {},
  env: Readonly<Record<string, string>> = {},
) {
  const one = { what: '', cniVersion: '1.1.0', ips: [IPV4, IPV6], conf };
  const pod = { path: netns };
  return callFirewall(BUILT_PLUGINS, verb, { host, pod }, one, over, env);
}

/** What bridge notes of a container that it is attaching. */
const ANOTHER_OF_BRIDGE = `mkdir /run/cni-ts/attachments/another
cat > /run/cni-ts/attachments/another/eth0:net:bridge.json <<'END'
{"version":1,"bootId":"","plugin":"bridge","network":"net","containerId":"another","ifName":"eth0","netns":{"path":"/x","dev":"4","ino":"INODE"},"time":"2024-01-01T00:00:00.000Z","data":{}}
END`;

describe.each(BACKENDS)('%s', (backend) => {
  test('opens for both families, is checked, and closes', async () => {
    const pod = await host.addPod();
    expect((await call('ADD', pod.path, { backend })).exitCode).toBe(0);
    expect(await passes('10.1.2.3')).toBe(true);
    expect(await passes('fd00:1::3')).toBe(true);
    expect((await call('CHECK', pod.path, { backend })).stdout).toBe('');
    expect((await call('DEL', pod.path, { backend })).exitCode).toBe(0);
    expect(await passes('10.1.2.3')).toBe(false);
    expect(await passes('fd00:1::3')).toBe(false);
  });

  describe.each(['DEL', 'GC'])('a late %s, when another container has the address by now', (verb) => {
    const lease = '/var/lib/cni/networks/net/10.1.2.3';
    const late = () => call(verb, '', { backend }, verb === 'GC' ? { 'cni.dev/valid-attachments': [] } : {});

    /** Opens for a container, and then has host-local give its address to another. */
    async function giveOn(): Promise<Pod> {
      const pod = await host.addPod();
      expect((await call('ADD', pod.path, { backend })).exitCode).toBe(0);
      await host.run(['sh', '-c', `mkdir -p ${dirname(lease)}; printf 'another\\r\\neth0' > ${lease}`]);
      return pod;
    }

    afterEach(() => host.run(['rm', '-r', '/var/lib/cni/networks', '/run/cni-ts/attachments/another']));

    test('leaves it open for one of which nothing is noted: plugins that keep no records have opened it', async () => {
      const pod = await giveOn();
      expect((await late()).exitCode).toBe(0);
      expect(await passes('10.1.2.3')).toBe(true);
      expect(await passes('fd00:1::3')).toBe(false);
      await host.run(['rm', lease]);
      expect((await call('DEL', pod.path, { backend })).exitCode).toBe(0);
      expect(await passes('10.1.2.3')).toBe(false);
    });

    test('closes it when that one has not opened it', async () => {
      const pod = await giveOn();
      // As bridge notes it before it asks for an address.
      await host.run(['sh', '-c', ANOTHER_OF_BRIDGE.replace('INODE', String(statSync(pod.outerPath).ino))]);
      expect((await late()).exitCode).toBe(0);
      expect(await passes('10.1.2.3')).toBe(false);
    });
  });

  test.each<[string, string, object]>([
    ['without a namespace', '', {}],
    ['when it is gone', '/run/netns/gone', {}],
    ['without a previous result', '', { prevResult: undefined }],
    ['with one that cannot be read', '', { prevResult: { cniVersion: '1.1.0', ips: 'x' } }],
    ['with another backend configured', '', { backend: backend === 'iptables' ? 'nftables' : 'iptables' }],
    ['with other addresses', '', { prevResult: { cniVersion: '1.1.0', ips: [] } }],
  ])('DEL closes %s, and a second time', async (_, netns, over) => {
    const pod = await host.addPod();
    await call('ADD', pod.path, { backend });
    expect((await call('DEL', netns, { backend }, over)).exitCode).toBe(0);
    expect(await passes('10.1.2.3')).toBe(false);
    expect((await call('DEL', netns, { backend }, over)).exitCode).toBe(0);
  });

  test('ADD twice is as once', async () => {
    const pod = await host.addPod();
    await call('ADD', pod.path, { backend });
    expect((await call('ADD', pod.path, { backend })).exitCode).toBe(0);
    await call('DEL', pod.path, { backend });
    expect(await passes('10.1.2.3')).toBe(false);
  });

  test('CHECK names everything that is missing', async () => {
    const pod = await host.addPod();
    const conf = { backend, ingressPolicy: 'isolated' };
    await call('ADD', pod.path, conf);
    expect((await call('CHECK', pod.path, conf)).stdout).toBe('');
    await host.run([
      'sh',
      '-c',
      'iptables -F CNI-FORWARD; iptables -F FORWARD; nft flush set inet cni_firewall containers4',
    ]);
    await host.run(['nft', 'flush', 'set', 'inet', 'cni_firewall', 'isolated']);
    const { error } = await call('CHECK', pod.path, conf);
    expect(`${error?.msg}; ${error?.details}`).toContain('10.1.2.3');
    expect(`${error?.msg}; ${error?.details}`).toContain(backend === 'iptables' ? 'ISOLATION' : 'isolated');
    await call('DEL', pod.path, conf);
  });

  test('a host without the rules that all share gets them again', async () => {
    const pod = await host.addPod();
    await call('ADD', pod.path, { backend });
    await host.run(['sh', '-c', 'iptables -F FORWARD; nft flush chain inet cni_firewall forward']);
    expect((await call('ADD', pod.path, { backend })).exitCode).toBe(0);
    expect((await call('CHECK', pod.path, { backend })).stdout).toBe('');
    await call('DEL', pod.path, { backend });
  });

  test('GC closes for what is not valid, in its own network only', async () => {
    const pod = await host.addPod();
    await call('ADD', pod.path, { backend });
    await call('GC', '', { backend }, { 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] });
    await call('GC', '', { backend }, { name: 'other', 'cni.dev/valid-attachments': [] });
    expect(await passes('10.1.2.3')).toBe(true);
    await call('GC', '', { backend }, { 'cni.dev/valid-attachments': [] });
    expect(await passes('10.1.2.3')).toBe(false);
  });

  test('thirty at once, up and down', async () => {
    const pods = await Promise.all(Array.from({ length: 30 }, () => host.addPod()));
    const verb = (name: string) =>
      Promise.all(
        pods.map((pod, index) => {
          const one = { what: '', ips: [`10.1.3.${index + 1}/24`], conf: { backend, ingressPolicy: 'same-bridge' } };
          return callFirewall(BUILT_PLUGINS, name, { host, pod }, one, {}, {}, `c${index}`);
        }),
      );
    expect((await verb('ADD')).map(({ stdout, exitCode }) => (exitCode === 0 ? '' : stdout)).join('')).toBe('');
    expect((await verb('CHECK')).map(({ stdout }) => stdout).join('')).toBe('');
    expect((await verb('DEL')).map(({ stdout }) => stdout).join('')).toBe('');
    expect(await passes('10.1.3.')).toBe(false);
    const jumps = (await rulesOf(host)).match(/-j CNI-FORWARD/g)?.length ?? 0;
    expect(jumps).toBeLessThanOrEqual(2);
  });
});

test('with iptables alone not there, nftables is used', async () => {
  const pod = await host.addPod();
  await withoutProgram(host, 'iptables', async () => {
    expect((await call('ADD', pod.path, {})).exitCode).toBe(0);
    expect(await setOf(4)).toContain('10.1.2.3');
    expect((await call('DEL', pod.path, {})).exitCode).toBe(0);
  });
});

test('leftovers of the same address go with DEL, however many there are', async () => {
  const pod = await host.addPod();
  await call('ADD', pod.path, { backend: 'iptables' });
  await host.run(['iptables', '-A', 'CNI-FORWARD', '-s', '10.1.2.3/32', '-j', 'ACCEPT']);
  await call('DEL', pod.path, { backend: 'iptables' });
  expect(await passes('10.1.2.3')).toBe(false);
});

test('a policy without a bridge is refused before anything is done', async () => {
  const pod = await host.addPod();
  const one = { what: '', interfaces: [], conf: { backend: 'iptables', ingressPolicy: 'isolated' } };
  const { error } = await callFirewall(BUILT_PLUGINS, 'ADD', { host, pod }, one);
  expect(error?.msg).toBe(
    'interface needs to be set for ingress policy "isolated", make sure to chain "firewall" plugin with "bridge"',
  );
  expect(await passes('10.1.2.3')).toBe(false);
});
