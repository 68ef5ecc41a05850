import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Background } from '../harness/place.ts';
import { BUILT_PLUGINS, callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import {
  addressOf,
  call,
  confOf,
  createNetwork,
  eventually,
  leaseFiles,
  MAY_STAY,
  type Network,
  startDaemon,
  textOf,
} from './network.ts';
import { type DhcpServer, startIscDhcpd } from './servers.ts';

const host = await useHost({ mayStay: MAY_STAY });
let network: Network;
let server: DhcpServer;
let daemon: Background;
beforeAll(async () => {
  network = await createNetwork(host);
  server = await startIscDhcpd(network, { renewal: 3 });
});
beforeEach(async () => {
  daemon = await startDaemon(host);
});
// Before the host is looked at.
afterEach(() => daemon.stop());

const log = () => textOf(host, '/run/dhcp/daemon.log');

/** Ends a daemon as an init system does, and gives its exit status. */
async function terminate(signal: string, pidFile: string): Promise<void> {
  await host.run(['sh', '-c', `kill -${signal} "$(cat ${pidFile})"`]);
  await eventually(() => expect(textOf(host, pidFile)).toBe(''));
}

test('killed and started again it goes on with what it had, and gives back what is not needed', async () => {
  const [kept, removed, deleted, marked] = await Promise.all([1, 2, 3, 4].map(() => host.addPod()));
  if (kept === undefined || removed === undefined || deleted === undefined || marked === undefined) return;
  const address = addressOf(await call(network, 'ADD', kept, 'kept'));
  for (const [pod, id] of [
    [removed, 'removed'],
    [deleted, 'deleted'],
    [marked, 'marked'],
  ] as const) {
    addressOf(await call(network, 'ADD', pod, id));
  }
  expect(server.leased()).toHaveLength(4);
  await daemon.stop();
  // While nobody is there: a namespace goes, a link goes, and a pod is taken down in the ordinary way.
  await removed.remove();
  await deleted.ip('link del dev eth0');
  const { error, stderr } = await call(network, 'DEL', marked, 'marked');
  expect(error).toBeUndefined();
  expect(stderr).toContain('the address is given back when the daemon is there again');
  expect(leaseFiles(host)).toContain('marked:net:eth0.release');
  daemon = await startDaemon(host);
  await eventually(() => expect(server.leased()).toEqual([address.replace(/\/.*/, '')]));
  // An address is given back before its file goes: whoever is killed in between gives it back once more.
  await eventually(() => expect(leaseFiles(host)).toEqual(['kept:net:eth0.json']));
  const before = server.count('DHCPACK');
  await eventually(() => expect(server.count('DHCPACK')).toBeGreaterThan(before));
  expect((await call(network, 'CHECK', kept, 'kept')).error?.msg).toBe('macvlan: Required prevResult missing');
  await call(network, 'DEL', kept, 'kept');
  await eventually(() => expect(server.leased()).toEqual([]));
  await call(network, 'DEL', deleted, 'deleted');
  await callPlugin(host, 'macvlan', {
    verb: 'DEL',
    containerId: 'removed',
    ifName: 'eth0',
    netns: '',
    conf: confOf(),
  });
});

test('a namespace that was deleted without DEL: GC gives its address back, and so does the next wake', async () => {
  const [a, b] = await Promise.all([host.addPod(), host.addPod()]);
  addressOf(await call(network, 'ADD', a, 'a'));
  addressOf(await call(network, 'ADD', b, 'b'));
  const known = { 'cni.dev/valid-attachments': [{ containerID: 'b', ifname: 'eth0' }] };
  await a.remove();
  const { error } = await callPlugin(host, 'macvlan', { verb: 'GC', conf: confOf({}, known) });
  expect(error).toBeUndefined();
  await eventually(() => expect(server.leased()).toHaveLength(1));
  await b.remove();
  // Its T1 is three seconds after its beginning.
  await eventually(() => expect(server.leased()).toEqual([]));
  await eventually(() => expect(leaseFiles(host)).toEqual([]));
  const none = { 'cni.dev/valid-attachments': [] };
  expect((await callPlugin(host, 'macvlan', { verb: 'GC', conf: confOf({}, none) })).error).toBeUndefined();
});

test('without a daemon: STATUS says so, ADD fails with nothing left, DEL does not', async () => {
  await daemon.stop();
  const pod = await host.addPod();
  const { error } = await callPlugin(host, 'dhcp', { verb: 'STATUS', conf: confOf() });
  expect(error).toMatchObject({ code: 50, msg: 'plugin dhcp is not available' });
  const added = await call(network, 'ADD', pod, 'c1');
  const words = 'error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: connection refused';
  expect(added.error).toMatchObject({ code: 11, msg: words });
  const deleted = await call(network, 'DEL', pod, 'c1');
  expect([deleted.error, deleted.stderr]).toEqual([undefined, expect.stringContaining('nothing is known of a lease')]);
  const elsewhere = await call(network, 'ADD', pod, 'c1', { conf: confOf({ daemonSocketPath: '/run/none.sock' }) });
  expect(elsewhere.error?.msg).toBe(
    'error dialing DHCP daemon: dial unix /run/none.sock: connect: no such file or directory',
  );
});

test('a dead socket is replaced, one on which a daemon answers is not', async () => {
  const second = await host.run([`${BUILT_PLUGINS}/dhcp`, 'daemon', '-pidfile', '/run/dhcp/second.pid']);
  expect(second.exitCode).toBe(1);
  expect(second.stderr).toContain(
    'Error getting listener: listen unix /run/cni/dhcp.sock: bind: address already in use',
  );
  expect(textOf(host, '/run/dhcp/second.pid')).toBe('');
  await daemon.stop();
  expect((await host.run(['test', '-S', '/run/cni/dhcp.sock'])).exitCode).toBe(0);
  daemon = await startDaemon(host);
  const blocked = ['daemon', '-socketpath', '/run/dhcp/file'];
  writeFileSync(`${host.root}/run/dhcp/file`, '');
  expect((await host.run([`${BUILT_PLUGINS}/dhcp`, ...blocked])).stderr).toContain('address already in use');
});

test.each(['TERM', 'INT'])('SIG%s ends it: socket and pid file go, leases stay', async (signal) => {
  await daemon.stop();
  daemon = await startDaemon(host, ['-pidfile', '/run/dhcp/pid', '--timeout=500ms']);
  const pod = await host.addPod();
  addressOf(await call(network, 'ADD', pod, 'c1'));
  expect(textOf(host, '/run/dhcp/pid')).toMatch(/^\d+$/);
  await terminate(signal, '/run/dhcp/pid');
  expect((await host.run(['test', '-e', '/run/cni/dhcp.sock'])).exitCode).toBe(1);
  expect([server.leased().length, leaseFiles(host)]).toEqual([1, ['c1:net:eth0.json']]);
  daemon = await startDaemon(host);
  await call(network, 'DEL', pod, 'c1');
  await eventually(() => expect(server.leased()).toEqual([]));
});

test('flags', async () => {
  const run = (...args: string[]) => host.run([`${BUILT_PLUGINS}/dhcp`, 'daemon', ...args]);
  const unknown = await run('-nonsense');
  expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringContaining('Usage of daemon:')]);
  expect((await run('-timeout', 'soon')).stderr).toContain('invalid value "soon" for flag -timeout: parse error');
  const relative = await run('-pidfile', 'x');
  expect([relative.exitCode, relative.stderr]).toEqual([1, 'Error writing pidfile "x": path not absolute\n']);
});

test('a host prefix stands before the paths of socket and namespaces', async () => {
  await daemon.stop();
  await host.run(['mkdir', '-p', '/run/dhcp/prefix']);
  await host.run(['ln', '-sfn', '/run', '/run/dhcp/prefix/run']);
  daemon = await startDaemon(host, ['-hostprefix', '/run/dhcp/prefix', '-timeout', '500ms']);
  const pod = await host.addPod();
  addressOf(await call(network, 'ADD', pod, 'c1'));
  expect(textOf(host, '/run/cni/dhcp.leases/c1:net:eth0.json')).toContain(`"/run/dhcp/prefix${pod.path}"`);
  await call(network, 'DEL', pod, 'c1');
  await eventually(() => expect(server.leased()).toEqual([]));
});

test('systemd hands a socket over, and keeps it', async () => {
  await daemon.stop();
  const activate = `import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind('/run/dhcp/activated.sock')
s.listen(5)
os.dup2(s.fileno(), 3, inheritable=True)
if len(sys.argv) > 1: os.dup2(s.fileno(), 4, inheritable=True)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[1] if len(sys.argv) > 1 else '1')
os.execv('${BUILT_PLUGINS}/dhcp', ['dhcp', 'daemon', '-timeout', '500ms', '-pidfile', '/run/dhcp/pid'])
`;
  writeFileSync(`${host.root}/run/dhcp/activate.py`, activate);
  chmodSync(`${host.root}/run/dhcp/activate.py`, 0o755);
  const two = await host.run(['python3', '/run/dhcp/activate.py', '2']);
  expect([two.exitCode, two.stderr]).toEqual([1, expect.stringContaining('Too many (2) FDs passed')]);
  await host.run(['rm', '/run/dhcp/activated.sock']);
  daemon = host.start(['python3', '/run/dhcp/activate.py']);
  const conf = confOf({ daemonSocketPath: '/run/dhcp/activated.sock' });
  await eventually(async () => {
    expect((await callPlugin(host, 'dhcp', { verb: 'STATUS', conf })).exitCode).toBe(0);
  });
  const pod = await host.addPod();
  addressOf(await call(network, 'ADD', pod, 'c1', { conf }));
  expect(leaseFiles(host, '/run/dhcp/activated.leases')).toEqual(['c1:net:eth0.json']);
  await call(network, 'DEL', pod, 'c1', { conf });
  await eventually(() => expect(server.leased()).toEqual([]));
  await terminate('TERM', '/run/dhcp/pid');
  expect((await host.run(['test', '-S', '/run/dhcp/activated.sock'])).exitCode).toBe(0);
  expect(log()).not.toContain('TypeError');
});

test("its socket is root's alone from the first moment, whatever the umask", async () => {
  const path = '/run/dhcp/own.sock';
  const wait = `until [ -S ${path} ]; do :; done; stat -c %a ${path}`;
  const line = `umask 0; ( ${wait} ) & exec '${BUILT_PLUGINS}/dhcp' daemon -socketpath ${path}`;
  const own = host.start(['sh', '-c', line]);
  await eventually(() => expect(own.stdout()).toBe('600\n'));
  // What it makes otherwise has the modes that it asks for.
  expect(statSync(`${host.root}/run/dhcp`).mode & 0o022).toBe(0);
  await own.stop();
});
