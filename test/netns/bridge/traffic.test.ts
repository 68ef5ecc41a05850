import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../harness/connect.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import type { Place } from '../harness/place.ts';
import { FRAME_LISTENER } from './listener.ts';
import { attachmentOf, listOf } from './support.ts';

const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};

let node: Host;
let outside: Host;

beforeAll(async () => {
  [node, outside] = await Promise.all([createHost('node'), createHost('outside')]);
  await connect(
    { host: node, link: 'eth0', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
    { host: outside, link: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
});

afterAll(async () => {
  await Promise.all([node, outside].map((host) => host.dispose()));
});

/** A pod with the addresses that it got. */
interface Attached {
  readonly pod: Pod;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Two pods on a bridge of their own, and everything down again afterwards. */
async function withPods(conf: object, work: (a: Attached, b: Attached) => Promise<void>): Promise<void> {
  const list = listOf({ ipam: DUAL, ...conf });
  const runtime = new Runtime(node);
  const attach = async (id: string): Promise<Attached> => {
    const pod = await node.addPod();
    const result = await runtime.add(list, attachmentOf(pod, id));
    const [ipv4 = '', ipv6 = ''] = (result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, ''));
    return { pod, ipv4, ipv6 };
  };
  const [a, b] = [await attach('a'), await attach('b')];
  try {
    await work(a, b);
    await runtime.check(list, attachmentOf(a.pod, 'a'));
  } finally {
    await runtime.del(list, attachmentOf(a.pod, 'a'));
    await runtime.del(list, attachmentOf(b.pod, 'b'));
    await Promise.all([a.pod.remove(), b.pod.remove()]);
    // Its address would stand in the way of the next one's.
    await node.ip(`link del dev ${list.plugins[0]?.['bridge'] ?? 'cni0'}`);
  }
}

/** Whether one echo comes back within a second. */
async function reaches(from: Place, address: string, ...options: readonly string[]): Promise<boolean> {
  const { exitCode } = await from.run(['ping', '-c1', '-W1', ...options, address]);
  return exitCode === 0;
}

/** Connects to a port of `outside` and tells which source address was seen there. */
async function sourceSeenBy(server: Place, from: Place, address: string): Promise<string> {
  const family = address.includes(':') ? 6 : 4;
  const script = `
    const server = require('node:net').createServer((socket) => {
      console.log(socket.remoteAddress.replace('::ffff:', ''));
      socket.end();
      server.close();
    }).listen(8080, ${JSON.stringify(family === 6 ? '::' : '0.0.0.0')}, () => console.log('ready'));
    setTimeout(() => process.exit(1), 10000).unref();
  `;
  const listener = server.start([process.execPath, '-e', script]);
  try {
    while (!listener.stdout().includes('ready')) await new Promise((resolve) => setTimeout(resolve, 20));
    const client = `require('node:net').connect(8080, ${JSON.stringify(address)}).on('close', () => {}).resume()`;
    const { exitCode, stderr } = await from.run([process.execPath, '-e', client], { timeoutMs: 5000 });
    if (exitCode !== 0) return stderr;
    return listener.stdout().replace('ready\n', '').trim();
  } finally {
    await listener.stop();
  }
}

describe('the first packet arrives', () => {
  test('between pods and with the host, in both families', async () => {
    await withPods({}, async (a, b) => {
      // At once and one only: nothing may have to be learnt, waited for or tried again.
      expect(await reaches(a.pod, b.ipv4)).toBe(true);
      expect(await reaches(b.pod, a.ipv6)).toBe(true);
      expect(await reaches(a.pod, '10.1.0.1')).toBe(true);
      expect(await reaches(a.pod, 'fd00:1::1')).toBe(true);
      expect(await reaches(node, a.ipv4)).toBe(true);
      expect(await reaches(node, b.ipv6)).toBe(true);
    });
  });
});

describe.each(['iptables', 'nftables'])('masquerade by %s', (ipMasqBackend) => {
  test('the outside sees the host, and other pods see the pod', async () => {
    await withPods({ ipMasq: true, ipMasqBackend }, async (a, b) => {
      expect(await sourceSeenBy(outside, a.pod, '192.0.2.2')).toBe('192.0.2.1');
      expect(await sourceSeenBy(outside, a.pod, '2001:db8::2')).toBe('2001:db8::1');
      expect(await sourceSeenBy(b.pod, a.pod, b.ipv4)).toBe(a.ipv4);
      expect(await sourceSeenBy(b.pod, a.pod, b.ipv6)).toBe(a.ipv6);
    });
  });
});

test('without a masquerade the outside does not answer', async () => {
  await withPods({}, async (a) => {
    expect(await reaches(a.pod, '192.0.2.2')).toBe(false);
  });
});

describe('hairpin', () => {
  test('a pod reaches itself through a port of the node', async () => {
    await withPods({ hairpinMode: true }, async (a) => {
      // What a service does: it sends what comes for the node back to where it came from.
      const rules = `table ip service {
        chain pre { type nat hook prerouting priority -100; ip daddr 192.0.2.1 tcp dport 8080 dnat to ${a.ipv4}; }
        chain post { type nat hook postrouting priority 90; ip saddr ${a.ipv4} ip daddr ${a.ipv4} masquerade; }
      }`;
      expect(await node.run(['nft', '-f', '-'], { stdin: rules })).toMatchObject({ exitCode: 0 });
      try {
        expect(await sourceSeenBy(a.pod, a.pod, '192.0.2.1')).toBe('10.1.0.1');
      } finally {
        await node.run(['nft', 'delete', 'table', 'ip', 'service']);
      }
    });
  });

  test.each([true, false])('two machines behind one port, hairpinMode %s', async (hairpinMode) => {
    await withPods({ hairpinMode }, async (a) => {
      // In this mode they leave it to the bridge to send a frame back through the port that it came from.
      const behind = await Promise.all([node.addPod(), node.addPod()]);
      for (const [index, pod] of behind.entries()) {
        await a.pod.ip(`link add link eth0 name m${index} netns ${pod.path} type macvlan mode vepa`);
        await pod.ip(`addr add 10.1.0.${200 + index}/24 dev m${index}`);
        await pod.ip(`link set dev m${index} up`);
      }
      const [first] = behind;
      expect(first !== undefined && (await reaches(first, '10.1.0.201'))).toBe(hairpinMode);
      await Promise.all(behind.map((pod) => pod.remove()));
    });
  });
});

test('a jumbo frame passes in one piece', async () => {
  await withPods({ mtu: 9000, bridge: 'cni-jumbo' }, async (a, b) => {
    expect(await reaches(a.pod, b.ipv4, '-M', 'do', '-s', '8972')).toBe(true);
    expect(await reaches(a.pod, b.ipv4, '-M', 'do', '-s', '8973')).toBe(false);
    expect(await reaches(a.pod, b.ipv6, '-M', 'do', '-s', '8952')).toBe(true);
  });
});

test('a promiscuous bridge passes frames like any other', async () => {
  await withPods({ promiscMode: true, bridge: 'cni-promisc' }, async (a, b) => {
    expect(await reaches(a.pod, b.ipv4)).toBe(true);
    expect(await reaches(a.pod, '10.1.0.1')).toBe(true);
    expect(await node.ip('link show dev cni-promisc')).toContain('PROMISC');
  });
});

test('isolated pods reach the host but not each other', async () => {
  await withPods({ portIsolation: true, bridge: 'cni-isolated' }, async (a, b) => {
    expect(await reaches(a.pod, b.ipv4)).toBe(false);
    expect(await reaches(a.pod, '10.1.0.1')).toBe(true);
  });
});

test('a pod that sends with another MAC is not heard', async () => {
  await withPods({ macspoofchk: true, bridge: 'cni-spoof' }, async (a, b) => {
    expect(await reaches(a.pod, b.ipv4)).toBe(true);
    const [link] = JSON.parse(await a.pod.ip('-j link show dev eth0')) as readonly { readonly address: string }[];
    await a.pod.ip('link set dev eth0 address 02:00:00:00:00:66');
    expect(await reaches(a.pod, b.ipv4)).toBe(false);
    await a.pod.ip(`link set dev eth0 address ${link?.address}`);
    expect(await reaches(a.pod, b.ipv4)).toBe(true);
  });
});

test('what a new pod asks for reaches the others, also the first time', async () => {
  const runtime = new Runtime(node);
  await withPods({ bridge: 'cni-asking' }, async (neighbour) => {
    const listener = neighbour.pod.start(FRAME_LISTENER);
    await expect.poll(() => listener.stdout()).toContain('ready');
    const attachment = attachmentOf(await node.addPod(), 'asks');
    const list = listOf({ bridge: 'cni-asking', ipam: DUAL });
    const result = await runtime.add(list, attachment);
    const mac = result?.interfaces?.find(({ sandbox }) => sandbox)?.mac;
    // Who has its address, which groups it listens to, and who is a router: the next time it would ask is in 4 seconds.
    for (const what of ['arp', 'icmpv6 143', 'icmpv6 133']) {
      await expect.poll(listener.stdout, { timeout: 2000 }).toContain(`${mac} ${what}\n`);
    }
    await listener.stop();
    await runtime.del(list, attachment);
  });
});

test('an address that another pod had is reached at once by all who knew that one, however busy the node is', async () => {
  const address = '10.1.0.200';
  const one = { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24', rangeStart: address, rangeEnd: address }]] };
  const list = listOf({ bridge: 'cni-reused', ipam: one });
  const runtime = new Runtime(node);
  await withPods({ bridge: 'cni-reused' }, async (neighbour) => {
    const busy = Array.from({ length: 4 }, () => node.start(['sh', '-c', 'while :; do :; done']));
    try {
      for (let count = 0; count < 15; count++) {
        const pod = await node.addPod();
        const attachment = attachmentOf(pod, `heir-${count}`);
        await runtime.add({ ...list, name: 'reused' }, attachment);
        expect(await reaches(neighbour.pod, address, '-W3'), `pod ${count}`).toBe(true);
        expect(await reaches(node, address, '-W3'), `pod ${count}`).toBe(true);
        await runtime.del({ ...list, name: 'reused' }, attachment);
        await pod.remove();
      }
    } finally {
      await Promise.all(busy.map((loop) => loop.stop()));
    }
  });
});
