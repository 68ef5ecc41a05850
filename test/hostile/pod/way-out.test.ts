import { expect, test } from 'vitest';
import { addressOf, call, leaseFiles, startDaemon, textOf } from '../../netns/dhcp/network.ts';
import { startDnsmasq, stopServers } from '../../netns/dhcp/servers.ts';
import { createHost } from '../../netns/harness/host.ts';

test('a link below that has the index of one of the host, but is somewhere else, is not the way to a server', async () => {
  const host = await createHost('elsewhere');
  const [pod, elsewhere] = [await host.addPod(), await host.addPod()];
  const network = { host, server: elsewhere };
  await host.run(['mkdir', '-p', '/run/dhcp', '/run/cni']);
  await host.ip('link add lan0 index 7 type veth peer name lan1');
  await host.ip('link set dev lan0 up');
  // What a pod can do in namespaces of its own, a server that says what it likes among it.
  await elsewhere.ip('link add lower index 7 type veth peer name srv0 index 8');
  await elsewhere.ip('link add link lower name eth0 type macvlan mode bridge');
  await elsewhere.ip('addr add 10.5.0.1/16 dev srv0');
  for (const link of ['lower', 'srv0']) await elsewhere.ip(`link set dev ${link} up`);
  await elsewhere.ip(`link set dev eth0 netns ${pod.name}`);
  await pod.ip('link set dev eth0 up');
  try {
    await startDnsmasq(network);
    const daemon = await startDaemon(host);
    addressOf(await call(network, 'ADD', pod, 'c1', { plugin: 'dhcp' }));
    const [file = ''] = leaseFiles(host);
    const lease = JSON.parse(textOf(host, `/run/cni/dhcp.leases/${file}`)) as { wayOut?: unknown };
    expect(lease.wayOut).toBeUndefined();
    await daemon.stop();
  } finally {
    await stopServers();
    await host.dispose();
  }
});
