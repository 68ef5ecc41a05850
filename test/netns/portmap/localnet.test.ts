import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atEach, interfere, momentsOf } from '../bridge/moments.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import type { Background, Place } from '../harness/place.ts';
import { expectRestored, type HostSnapshot, takeSnapshot } from '../harness/snapshot.ts';
import { OURS, referenceSuite } from './suites.ts';
import { BACKENDS, callOf, type Mapped, notesOn, SHARED, succeed, tcp, udp } from './support.ts';

const REFERENCE = await referenceSuite();
const SETTING = '/proc/sys/net/ipv4/conf/br0/route_localnet';
const DRIVERS = [
  { driver: 'native', env: {} },
  { driver: 'exec', env: { CNI_TS_NETFILTER: 'exec' } },
] as const;

/** Answers whoever asks, by TCP and UDP, with the address that it sees. */
const server = (address: string, port: number): string => `
  require('node:net').createServer((s) => s.end(s.remoteAddress)).listen(${port}, '${address}');
  const u = require('node:dgram').createSocket('udp4');
  u.on('message', (_, { address, port }) => u.send(address, port, address)).bind(${port}, '${address}', () => console.log('up'));`;

/** What a port answers; '' when nobody does. */
async function ask(from: Place, protocol: 'tcp' | 'udp', address: string, port: number): Promise<string> {
  const script =
    protocol === 'tcp'
      ? `const s = require('node:net').connect(${port}, '${address}'); s.on('data', (d) => process.stdout.write(d));
         s.on('error', () => process.exit(1));`
      : `const s = require('node:dgram').createSocket('udp4'); s.send('?', ${port}, '${address}');
         s.on('message', (d) => { process.stdout.write(d); s.close(); });`;
  const impatient = 'setTimeout(() => process.exit(1), 700).unref();';
  return (await from.run([process.execPath, '-e', script + impatient])).stdout;
}

let host: Host;
let pods: { readonly served: Pod; readonly hostile: Pod };
const servers: Background[] = [];
let bare: HostSnapshot;

beforeAll(async () => {
  host = await createHost('localnet');
  await host.ip('link set dev lo up');
  await host.run(['sysctl', '-w', 'net.ipv4.ip_forward=1']);
  await host.ip('link add br0 type bridge');
  await host.ip('link set dev br0 addrgenmode none');
  await host.ip('addr add 10.99.0.1/16 dev br0');
  await host.ip('link set dev br0 up');
  pods = { served: await podAt(2), hostile: await podAt(3) };
  await start(host, '127.0.0.1', 5353);
  await start(pods.served, '10.99.0.2', 80);
  // What the pod sends to 127.0.0.1 goes to the bridge, and what comes from there is taken.
  await pods.hostile.run(['sysctl', '-w', 'net.ipv4.conf.all.route_localnet=1', 'net.ipv4.conf.all.rp_filter=0']);
  await pods.hostile.ip('route add 127.0.0.1/32 via 10.99.0.1 dev eth0 src 10.99.0.3');
  await settle();
  // Children that let the kernel end its work outlive a call by some milliseconds.
  await setTimeout(200);
  bare = await snapshot();
});
afterAll(async () => {
  await Promise.all(servers.map((one) => one.stop()));
  await host.dispose();
});

async function podAt(last: number): Promise<Pod> {
  const pod = await host.addPod();
  await host.ip(`link add name v${last} type veth peer name eth0 netns ${pod.path}`);
  await host.ip(`link set dev v${last} addrgenmode none master br0 up`);
  await pod.ip(`addr add 10.99.0.${last}/16 dev eth0`);
  await pod.ip('link set dev eth0 addrgenmode none up');
  return pod;
}

async function start(place: Place, address: string, port: number): Promise<void> {
  const started = place.start([process.execPath, '-e', server(address, port)]);
  servers.push(started);
  while (!started.stdout().includes('up')) await setTimeout(20);
}

/** Makes what all containers share and nobody removes. */
async function settle(): Promise<void> {
  for (const backend of BACKENDS) {
    for (const verb of ['ADD', 'DEL']) await succeed(host, OURS, callOf(verb, mapped(backend, 'first')));
    await succeed(host, OURS, collectAll(backend));
  }
}

function mapped(backend: string, containerId: string, first = 8080): Mapped {
  const mappings = [tcp(first, 80), udp(first, 80)];
  return { pod: pods.served, containerId, mappings, conf: { backend }, addresses: ['10.99.0.2/16'] };
}

/** GC when no container is left. */
function collectAll(backend: string): ReturnType<typeof callOf> {
  const conf = { cniVersion: '1.1.0', name: 'net', type: 'portmap', 'cni.dev/valid-attachments': [] };
  return { ...callOf('GC', mapped(backend, 'first')), conf };
}

function snapshot(): Promise<HostSnapshot> {
  return takeSnapshot(host, { pods: [], ignore: SHARED });
}

async function setting(): Promise<string> {
  return (await host.run(['cat', SETTING])).stdout.trim();
}

/** Rules that know 127.0.0.0/8, in either backend. */
async function guards(): Promise<number> {
  const { stdout } = await host.run(['sh', '-c', 'nft list ruleset']);
  return stdout.split('\n').filter((line) => /ip daddr 127\.0\.0\.0\/8.* drop/.test(line)).length;
}

/** Whether the service of the host is reached by the pod, and the ports of the host by itself. */
async function reached(port = 8080): Promise<readonly string[]> {
  return [
    await ask(pods.hostile, 'udp', '127.0.0.1', 5353),
    await ask(host, 'tcp', '127.0.0.1', port),
    await ask(host, 'udp', '127.0.0.1', port),
    await ask(pods.hostile, 'tcp', '10.99.0.1', port),
  ];
}

/** The setting is as it was; the rule stays until GC takes it away. */
async function expectClosed(): Promise<void> {
  expect([await setting(), await notesOn(host)]).toEqual(['0', []]);
  await expectRestored(host, bare, { pods: [], ignore: SHARED });
}

test('without the rule a pod reaches what listens on 127.0.0.1: the way that the others test', async () => {
  await host.run(['sh', '-c', `echo 1 >${SETTING}`]);
  expect(await ask(pods.hostile, 'udp', '127.0.0.1', 5353)).toBe('10.99.0.3');
  await host.run(['sh', '-c', `echo 0 >${SETTING}`]);
  expect(await ask(pods.hostile, 'udp', '127.0.0.1', 5353)).toBe('');
});

describe.each(BACKENDS)('%s', (backend) => {
  describe.each(DRIVERS)('$driver', ({ env }) => {
    const calling = (verb: string, one: Mapped) => ({ ...callOf(verb, one), env });

    test('a pod reaches no service of 127.0.0.1, the host reaches its ports, and the last DEL puts back what was', async () => {
      const [first, second] = [mapped(backend, 'c1'), mapped(backend, 'c2', 8081)];
      await succeed(host, OURS, calling('ADD', first));
      expect([await setting(), await guards()]).toEqual(['1', 1]);
      expect(await reached()).toEqual(['', '10.99.0.1', '10.99.0.1', '10.99.0.1']);
      await succeed(host, OURS, calling('ADD', second));
      await succeed(host, OURS, calling('CHECK', second));
      expect(await guards()).toBe(1);
      await succeed(host, OURS, calling('DEL', first));
      expect(await reached(8081)).toEqual(['', '10.99.0.1', '10.99.0.1', '10.99.0.1']);
      await succeed(host, OURS, calling('DEL', second));
      expect(await guards()).toBe(1);
      await expectClosed();
    });

    test('a setting that was on before stays on', async () => {
      await host.run(['sh', '-c', `echo 1 >${SETTING}`]);
      const one = mapped(backend, 'c1');
      await succeed(host, OURS, calling('ADD', one));
      await succeed(host, OURS, calling('DEL', one));
      expect(await setting()).toBe('1');
      await host.run(['sh', '-c', `echo 0 >${SETTING}`]);
      await expectClosed();
    });

    test('a container of the reference keeps its ports, and GC puts back what was when it is gone', async () => {
      const [ours, theirs] = [mapped(backend, 'c1'), mapped(backend, 'c2', 8081)];
      await succeed(host, OURS, calling('ADD', ours));
      await succeed(host, REFERENCE, calling('ADD', theirs));
      await succeed(host, OURS, calling('DEL', ours));
      expect([await setting(), await guards()]).toEqual(['1', 1]);
      // Callers of its own network do not reach one that the reference has mapped with nftables.
      expect((await reached(8081)).slice(0, 3)).toEqual(['', '10.99.0.1', '10.99.0.1']);
      const gc = {
        ...calling('GC', ours),
        conf: {
          cniVersion: '1.1.0',
          name: 'net',
          type: 'portmap',
          'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth0' }],
        },
      };
      await succeed(host, OURS, gc);
      expect([await setting(), await guards()]).toEqual(['1', 1]);
      await succeed(host, REFERENCE, calling('DEL', theirs));
      await succeed(host, OURS, gc);
      expect(await guards()).toBe(0);
      await expectClosed();
    });

    test('GC puts back what was for containers whose DEL never came', async () => {
      await succeed(host, OURS, calling('ADD', mapped(backend, 'c1')));
      await succeed(host, OURS, { ...collectAll(backend), env });
      expect(await guards()).toBe(0);
      await expectClosed();
    });

    test('ten at once, time and again', async () => {
      for (let round = 0; round < 3; round++) {
        const all = Array.from({ length: 10 }, (_, index) => mapped(backend, `c${index}`, 9000 + index));
        await Promise.all(
          all.map(async (one) => {
            await succeed(host, OURS, calling('ADD', one));
            expect(await setting()).toBe('1');
            expect(await guards()).toBe(1);
            await succeed(host, OURS, calling('DEL', one));
          }),
        );
        await expectClosed();
      }
    });
  });

  test.each([
    ['that fails', 'error=EIO'],
    ['at which it is killed', 'signal=SIGKILL'],
  ])('a step of ADD %s, then DEL: nothing is left', async (_, what) => {
    const one = mapped(backend, 'c1');
    const moments = await momentsOf(host, 'portmap', callOf('ADD', one));
    await succeed(host, OURS, callOf('DEL', one));
    await atEach(host, moments, SHARED, async (moment) => {
      const { exitCode, stderr } = await interfere(host, 'portmap', callOf('ADD', one), moment, what);
      if (exitCode !== 1) await succeed(host, OURS, callOf('DEL', one, { prevResult: undefined }));
      expect(await setting(), `${moment.line} ${stderr}`).toBe('0');
      return stderr;
    });
  });

  test('a DEL that is killed at any step, then another one: nothing is left', async () => {
    const one = mapped(backend, 'c1');
    await succeed(host, OURS, callOf('ADD', one));
    const moments = await momentsOf(host, 'portmap', callOf('DEL', one));
    await atEach(host, moments, SHARED, async (moment) => {
      await succeed(host, OURS, callOf('ADD', one));
      const { stderr } = await interfere(host, 'portmap', callOf('DEL', one), moment, 'signal=SIGKILL');
      await succeed(host, OURS, callOf('DEL', one));
      expect(await setting()).toBe('0');
      return stderr;
    });
  });
});
