import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Host, Pod } from '../harness/host.ts';
import type { Background } from '../harness/place.ts';
import { BUILT_PLUGINS, callPlugin, type PluginOutcome } from '../harness/plugin.ts';

/** A host whose `lan0` leads to a network with a server, which is a pod with the address 10.5.0.1. */
export interface Network {
  readonly host: Host;
  readonly server: Pod;
}

/** What tests may leave: what servers and daemons write. */
export const MAY_STAY = [/ \/run\/dhcp/, / \/run\/cni/];

/** The cable, and the folder that servers write into. */
export async function createNetwork(host: Host): Promise<Network> {
  const server = await host.addPod();
  await host.run(['mkdir', '-p', '/run/dhcp', '/run/cni']);
  await host.ip(`link add lan0 type veth peer name srv0 netns ${server.name}`);
  // Addresses that come by themselves would come in the midst of a test.
  await host.ip('link set dev lan0 addrgenmode none up');
  await server.ip('link set dev lo up');
  await server.ip('addr add 10.5.0.1/16 dev srv0');
  await server.ip('link set dev srv0 addrgenmode none up');
  // Until both ends are up for everybody.
  await setTimeout(50);
  return { host, server };
}

/** Starts a daemon, of this suite unless it is given another, and waits until it listens. */
export async function startDaemon(
  host: Host,
  args: readonly string[] = ['-timeout', '500ms', '-resendtimeout', '3s'],
  program = `${BUILT_PLUGINS}/dhcp`,
): Promise<Background> {
  // Its log is a file, so that it can be read while it runs.
  const line = `exec '${program}' daemon ${args.join(' ')} 2>>/run/dhcp/daemon.log`;
  const daemon = host.start(['sh', '-c', line]);
  const path = args.includes('-socketpath') ? (args[args.indexOf('-socketpath') + 1] ?? '') : '/run/cni/dhcp.sock';
  await eventually(() => expect(existsSync(host.root + path)).toBe(true));
  const conf = confOf({ daemonSocketPath: path });
  await eventually(async () => {
    const { exitCode } = await callPlugin(host, 'dhcp', { verb: 'STATUS', conf });
    expect(exitCode).toBe(0);
  });
  return daemon;
}

/** A configuration of macvlan with addresses of dhcp. */
export function confOf(ipam: object = {}, more: object = {}): object {
  const type = { type: 'macvlan', master: 'lan0' };
  return { cniVersion: '1.1.0', name: 'net', ...type, ...more, ipam: { type: 'dhcp', ...ipam } };
}

/** Calls macvlan, or another plugin, for a container. */
export function call(
  { host }: Pick<Network, 'host'>,
  verb: string,
  pod: Pod,
  containerId: string,
  more: { readonly conf?: object; readonly plugin?: string; readonly path?: string; readonly args?: string } = {},
): Promise<PluginOutcome> {
  const { conf = confOf(), plugin = 'macvlan', path, args } = more;
  const variables = { containerId, netns: pod.path, ifName: 'eth0' };
  const called = {
    verb,
    conf,
    ...variables,
    ...(path === undefined ? {} : { path }),
    ...(args === undefined ? {} : { args }),
  };
  return callPlugin(host, plugin, called);
}

/** The address that an ADD gave; fails with what it said when it gave none. */
export function addressOf({ result, error, stderr }: PluginOutcome): string {
  const [first] = result?.ips ?? [];
  if (first === undefined) throw new Error(`there is no address: ${JSON.stringify(error)} ${stderr}`);
  return first.address;
}

/** Names of the files that a daemon keeps leases in. */
export function leaseFiles(host: Host, folder = '/run/cni/dhcp.leases'): readonly string[] {
  const path = host.root + folder;
  return existsSync(path) ? readdirSync(path).sort() : [];
}

/** Makes the leases that a daemon has left older than they are. */
export function ageLeases(host: Host, seconds: number): void {
  for (const name of leaseFiles(host)) {
    const path = `${host.root}/run/cni/dhcp.leases/${name}`;
    const lease = JSON.parse(readFileSync(path, 'utf8')) as { askedAt: number };
    writeFileSync(path, JSON.stringify({ ...lease, askedAt: lease.askedAt - seconds * 1000 }));
  }
}

/** When each lease was asked for or prolonged, by the name of its file. */
export function askedAt(host: Host): Readonly<Record<string, number>> {
  const times: Record<string, number> = {};
  for (const name of leaseFiles(host)) {
    const lease = JSON.parse(readFileSync(`${host.root}/run/cni/dhcp.leases/${name}`, 'utf8')) as { askedAt: number };
    times[name] = lease.askedAt;
  }
  return times;
}

/** What is in a file of the host; '' when there is none. */
export function textOf(host: Host, path: string): string {
  return existsSync(host.root + path) ? readFileSync(host.root + path, 'utf8') : '';
}

/** Tries until it does not fail any more, for a few seconds. */
export async function eventually(attempt: () => unknown, patienceMs = 8000): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (thrown) {
      if (Date.now() > end) throw thrown;
      await setTimeout(20);
    }
  }
}
