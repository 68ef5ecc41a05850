import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { BY_IP, NATIVE } from './harness/drivers.ts';
import type { Host, Pod } from './harness/host.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from './harness/plugin.ts';

/** All versions of the specification. */
export const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** The ways to do things in a namespace. */
export const WAYS = [
  ['by itself', NATIVE],
  ['through ip', BY_IP],
] as const;

/** What is not as usual in a call. */
export type Options = Partial<PluginCall> & { readonly cniVersion?: string; readonly prevResult?: unknown };

/** Calls loopback on a host for container `c1`. */
export function loopbackOn(host: Host) {
  return (verb: string, netns: string | undefined, options: Options = {}): Promise<PluginOutcome> => {
    const { cniVersion = '1.0.0', prevResult, ...rest } = options;
    const conf = { cniVersion, name: 'lo', type: 'loopback', ...(prevResult === undefined ? {} : { prevResult }) };
    const ids = { containerId: 'c1', ifName: 'lo', ...(netns === undefined ? {} : { netns }) };
    return callPlugin(host, 'loopback', { verb, ...ids, conf, ...rest });
  };
}

/** Expects a call to have succeeded in silence. */
export function expectSilence({ exitCode, stdout, stderr }: PluginOutcome): void {
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
}

/** Whether `lo` is up. */
export async function isUp(pod: Pod): Promise<boolean> {
  return (await pod.ip('link show dev lo')).includes('<LOOPBACK,UP');
}

/** What the specification's versions say about the same two addresses. */
export function resultOf(version: string, sandbox: string): object {
  const v4 = { address: '127.0.0.1/8', interface: 0 };
  const v6 = { address: '::1/128', interface: 0 };
  const interfaces = [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox }];
  if (version < '0.3.0') {
    return { cniVersion: version, ip4: { ip: '127.0.0.1/8' }, ip6: { ip: '::1/128' }, dns: {} };
  }
  if (version >= '1.0.0') return { cniVersion: version, interfaces, ips: [v4, v6] };
  const ips = [
    { version: '4', ...v4 },
    { version: '6', ...v6 },
  ];
  return { cniVersion: version, interfaces, ips, dns: {} };
}

/** The result of a plugin that came before in the list. */
export function previousResult(version: string, sandbox: string): object {
  const gateway = '10.1.2.1';
  if (version < '0.3.0') {
    const ip4 = { ip: '10.1.2.3/24', gateway, routes: [{ dst: '0.0.0.0/0', gw: gateway }] };
    return { cniVersion: version, ip4, dns: { nameservers: ['10.1.2.2'] } };
  }
  const ip = { address: '10.1.2.3/24', gateway, interface: 0 };
  return {
    cniVersion: version,
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox }],
    ips: [version < '1.0.0' ? { version: '4', ...ip } : ip],
    routes: [{ dst: '0.0.0.0/0', gw: gateway }],
    dns: { nameservers: ['10.1.2.2'] },
  };
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-loopback-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
