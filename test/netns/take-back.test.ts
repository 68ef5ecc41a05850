import { chmodSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { attachmentOf, SHARED } from './bridge/support.ts';
import { BY_IP } from './harness/drivers.ts';
import { PATH } from './harness/place.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';
import { addDevice, removeDevice } from './host-device/support.ts';

const host = await useHost({ mayStay: [...SHARED] });

const ADDRESS = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '10.9.0.0/16', gw: '1.1.1.1' }] };

/** A list of one plugin whose ADD fails at its last step: the kernel refuses the route. */
function confOf(type: string, more: object = {}): Readonly<Record<string, unknown>> {
  return { cniVersion: '1.1.0', name: 'net', type, ipam: ADDRESS, ...more };
}

/** Lays a program into a folder of the host, and gives the folder. */
async function layProgram(name: string, script: string): Promise<string> {
  await host.run(['mkdir', '-p', '/run/fake']);
  writeFileSync(`${host.root}/run/fake/${name}`, `#!/bin/sh\n${script}\n`);
  chmodSync(`${host.root}/run/fake/${name}`, 0o755);
  return '/run/fake';
}

async function records(): Promise<readonly string[]> {
  const { stdout } = await host.run(['find', '/run/cni-ts', '-type', 'f', '-name', '*.json']);
  return stdout.split('\n').filter((line) => line.includes('/c1/') && !line.includes('host-local'));
}

/** Runs what is on stdin, unless a word of it is not to be. */
function refusing(program: string, word: string): string {
  return `input=$(cat)
case "$input $*" in *"${word}"*) echo "refused by the test" >&2; exit 1 ;; esac
printf '%s\\n' "$input" | exec /usr/sbin/${program} "$@"`;
}

test.each([
  ['bridge', 'the pair', 'ip', 'link del', {}],
  ['bridge', 'the chains of the spoof check', 'nft', 'delete', { macspoofchk: true }],
  ['ptp', 'the pair', 'ip', 'link del', {}],
  ['macvlan', 'the link', 'ip', 'link del', { master: 'lan0' }],
])(
  'the record of an ADD of %s stays when %s cannot be taken back, and DEL finds it',
  async (type, _what, program, word, more) => {
    const pod = await host.addPod();
    await host.ip('link add name lan0 type veth peer name lan1');
    const fake = await layProgram(program, refusing(program, word));
    const env = { CNI_TS_NETFILTER: 'exec', ...BY_IP };
    const call: PluginCall = { verb: 'ADD', ...attachmentOf(pod), conf: confOf(type, more) };
    const added = await callPlugin(host, type, { ...call, env: { ...env, PATH: `${fake}:${PATH}` } });
    expect(added.exitCode).toBe(1);
    expect(`${added.error?.details}${added.stderr}`).toContain('refused by the test');
    expect(await records()).toEqual([expect.stringContaining(`:${type}.json`)]);
    const deleted = await callPlugin(host, type, { ...call, verb: 'DEL', env });
    expect(deleted.error).toBe(undefined);
    expect(await records()).toEqual([]);
    await host.run(['rm', '-r', fake]);
    await host.ip('link del dev lan0');
  },
);

test.each([
  ['tap', 'observer', {}, 'gone'],
  ['host-device', 'observer', { device: 'dev0' }, 'gone'],
  ['tap', 'dhcp', {}, 'there'],
  ['host-device', 'dhcp', { device: 'dev0' }, 'there'],
])(
  'an ADD of %s that fails gives the address of %s back when its link is in order',
  async (type, ipam, more, expected) => {
    const pod = await host.addPod();
    await addDevice(host);
    const result = { cniVersion: '1.1.0', ips: [{ address: '10.1.0.5/24' }], routes: ADDRESS.routes };
    const folder = await layProgram(
      ipam,
      `case $CNI_COMMAND in
ADD) echo '${JSON.stringify(result)}' ;;
DEL) nsenter --net=$CNI_NETNS ip link show dev eth0 >/dev/null 2>&1 && echo there >>/run/fake/seen || echo gone >>/run/fake/seen ;;
esac`,
    );
    const conf = confOf(type, { ...more, ipam: { type: ipam } });
    const call: PluginCall = {
      verb: 'ADD',
      ...attachmentOf(pod),
      path: `${folder}:${BUILT_PLUGINS}`,
      env: { PATH },
      conf,
    };
    const added = await callPlugin(host, type, call);
    expect(added.error?.msg).toContain("failed to add route '10.9.0.0/16 via 1.1.1.1 dev eth0");
    const { stdout } = await host.run(['cat', '/run/fake/seen']);
    expect([stdout.trim(), await records()]).toEqual([expected, []]);
    await host.run(['rm', '-r', '/run/fake']);
    await removeDevice(host);
  },
);
