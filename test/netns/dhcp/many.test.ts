import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { Background } from '../harness/place.ts';
import { useHost } from '../harness/use.ts';
import {
  addressOf,
  ageLeases,
  askedAt,
  call,
  createNetwork,
  eventually,
  leaseFiles,
  MAY_STAY,
  type Network,
  startDaemon,
} from './network.ts';
import { type DhcpServer, startDnsmasq } from './servers.ts';

const CONTAINERS = 100;
const AT_ONCE = 10;
const MAX_MEMORY_KB = 160_000;
const MAX_IDLE_MS = 30;

const host = await useHost({ mayStay: MAY_STAY });
let network: Network;
let server: DhcpServer;
let daemon: Background;
beforeAll(async () => {
  network = await createNetwork(host);
  server = await startDnsmasq(network);
  daemon = await startDaemon(host, ['-timeout', '2s']);
});

/** Does something for all, some at a time. */
async function forAll<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const rest = items.map((item, index) => [item, index] as const);
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await work(...next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Processor time of a process so far, in milliseconds, and its memory in kB. */
function usageOf(pid: number): { readonly cpuMs: number; readonly memoryKb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const [, memory = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, memoryKb: Number(memory) };
}

test(`${CONTAINERS} containers on one daemon`, async () => {
  const pods = [];
  for (let index = 0; index < CONTAINERS; index++) pods.push(await host.addPod());
  const addresses = new Set<string>();
  const started = performance.now();
  await forAll(pods, async (pod, index) => {
    addresses.add(addressOf(await call(network, 'ADD', pod, `c${index}`, { plugin: 'macvlan' })));
  });
  const addMs = performance.now() - started;
  expect(addresses.size).toBe(CONTAINERS);
  expect(server.leased()).toHaveLength(CONTAINERS);
  expect(leaseFiles(host)).toHaveLength(CONTAINERS);
  await setTimeout(300);
  const before = usageOf(daemon.pid);
  await setTimeout(2000);
  const after = usageOf(daemon.pid);
  expect(after.cpuMs - before.cpuMs).toBeLessThanOrEqual(MAX_IDLE_MS);
  expect(after.memoryKb).toBeLessThan(MAX_MEMORY_KB);
  // All of them are prolonged in the same moment.
  await daemon.stop();
  ageLeases(host, 61);
  const aged = askedAt(host);
  const offers = server.count('DHCPOFFER');
  daemon = await startDaemon(host, ['-timeout', '2s']);
  // An answer that comes late on a busy machine is asked for once more, so answers cannot be counted.
  const isProlonged = ([name, time]: [string, number]) => time !== aged[name];
  await eventually(() => expect(Object.entries(askedAt(host)).filter(isProlonged)).toHaveLength(CONTAINERS), 15_000);
  expect(server.count('DHCPOFFER')).toBe(offers);
  const renewed = usageOf(daemon.pid);
  process.stdout.write(
    `${CONTAINERS} ADDs in ${addMs.toFixed(0)} ms; daemon ${after.memoryKb} kB, ` +
      `idle ${after.cpuMs - before.cpuMs} ms of processor in 2 s, all prolonged after ${renewed.cpuMs} ms of it\n`,
  );
  await forAll(pods, async (pod, index) => {
    expect((await call(network, 'DEL', pod, `c${index}`)).error).toBeUndefined();
  });
  await eventually(() => expect(server.leased()).toEqual([]));
  expect(leaseFiles(host)).toEqual([]);
});
