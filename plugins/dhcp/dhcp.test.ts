import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leaseFrom } from '../../pkg/dhcp/lease.ts';
import { encodeMessage, NO_ADDRESS } from '../../pkg/dhcp/message.ts';
import { GobDecoder } from '../../pkg/gob/decode.ts';
import { GobEncoder } from '../../pkg/gob/encode.ts';
import type { GobObject } from '../../pkg/gob/types.ts';
import { ask } from '../../test/protocol/in-process.ts';
import { readDuration } from './daemon/duration.ts';
import { readFlags } from './daemon/flags.ts';
import { rpcResultOf } from './daemon/rpc-result.ts';
import { answerTo, createServer as createDaemon, type Method } from './daemon/server.ts';
import { fileOf, type Held, heldFrom } from './daemon/stored.ts';
import { wantedOf } from './daemon/wanted.ts';
import {
  decodeLease,
  hasLease,
  isMarked,
  leaseFolder,
  markLease,
  readLeases,
  removeLease,
  tidyLeases,
  writeLease,
} from './lease-files.ts';
import { dhcp } from './plugin.ts';
import { METHOD, RESULT } from './protocol.ts';
import { readResult } from './result.ts';

let folder: string;
let socket: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dhcp-'));
  socket = join(folder, 'dhcp.sock');
});
afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
  rmSync(folder, { recursive: true });
});

const KEY = { containerId: 'c1', network: 'net', ifName: 'eth0' };
const ACK = encodeMessage({
  isReply: true,
  xid: 1,
  secs: 0,
  broadcast: false,
  ciaddr: NO_ADDRESS,
  yiaddr: Uint8Array.of(10, 5, 1, 9),
  chaddr: Uint8Array.of(2, 0, 0, 0, 0, 9),
  options: new Map([
    [1, Uint8Array.of(255, 255, 252, 0)],
    [3, Uint8Array.of(10, 5, 0, 1)],
    [54, Uint8Array.of(10, 5, 0, 1)],
    [121, Uint8Array.of(16, 10, 9, 0, 0, 0, 0, 0, 10, 5, 0, 1)],
  ]),
});

function held(): Held {
  const lease = leaseFrom(ACK, Uint8Array.of(2, 0, 0, 0, 0, 1), 1000);
  if (lease === undefined) throw new Error('there is no lease');
  const netns = { path: '/run/netns/x', dev: '4', ino: '5' };
  const link = { netns, ifName: 'eth0', index: 7, mac: '02:00:00:00:00:09' };
  return { key: KEY, link, wayOut: { name: 'br0', index: 3 }, options: new Map([[61, Uint8Array.of(0, 1)]]), lease };
}

/** Listens as a daemon does. */
async function listen(methods: ReadonlyMap<string, Method>): Promise<void> {
  server = createDaemon(methods);
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
}

const conf = () => ({ ipam: { type: 'dhcp', daemonSocketPath: socket } });
const told = async () => ({ type: RESULT, value: rpcResultOf(held().lease, 5) });

describe('plugin and daemon', () => {
  test('an address, its routes and their metric', async () => {
    const seen: GobObject[] = [];
    const method: Method = (args) => {
      seen.push(args);
      return told();
    };
    await listen(new Map([[METHOD.allocate, method]]));
    const { document, exitCode } = await ask(dhcp, 'ADD', conf(), { CNI_ARGS: 'A=B', CNI_NETNS: 'relative' });
    expect([exitCode, document]).toEqual([
      0,
      {
        cniVersion: '1.1.0',
        ips: [{ address: '10.5.1.9/22', gateway: '10.5.0.1' }],
        routes: [
          { dst: '10.9.0.0/16', gw: '0.0.0.0', priority: 5, scope: 253 },
          { dst: '0.0.0.0/0', gw: '10.5.0.1', priority: 5 },
        ],
      },
    ]);
    expect(seen[0]).toMatchObject({
      ContainerID: 'c1',
      IfName: 'eth0',
      Args: 'A=B',
      Netns: `${process.cwd()}/relative`,
    });
  });

  test('CHECK compares, and falls back to what the reference knows', async () => {
    await listen(new Map([[METHOD.allocate, told]]));
    const checked = (address: string) =>
      ask(dhcp, 'CHECK', { ...conf(), prevResult: { cniVersion: '1.1.0', ips: [{ address }] } });
    expect((await checked('10.5.1.9/22')).exitCode).toBe(0);
    expect((await checked('10.5.1.8/22')).document['msg']).toBe(
      'dhcp: Failed to match the leased address on interface eth0',
    );
  });

  test('an error is told in its own words', async () => {
    const refuse = () => Promise.reject(new Error('no more tries'));
    await listen(new Map([[METHOD.allocate, refuse]]));
    expect((await ask(dhcp, 'ADD', conf())).document['msg']).toBe('error calling DHCP.Allocate: no more tries');
    expect((await ask(dhcp, 'DEL', conf())).document['msg']).toBe(
      "error calling DHCP.Release: rpc: can't find method DHCP.Release",
    );
  });

  test('the daemon learns that its caller has gone', async () => {
    let gone = false;
    const method: Method = (_args, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          gone = true;
          reject(new Error('gone'));
        });
      });
    await listen(new Map([[METHOD.release, method]]));
    const { connect } = await import('node:net');
    const { CONNECT, encodeCall } = await import('../../pkg/gob/rpc.ts');
    const { CMD_ARGS } = await import('./protocol.ts');
    const client = connect(socket);
    client.write(CONNECT);
    client.write(encodeCall(METHOD.release, CMD_ARGS, {}));
    await new Promise((resolve) => client.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.destroy();
    await expect.poll(() => gone).toBe(true);
  });
});

describe('without a daemon', () => {
  test('STATUS fails with code 50, ADD with 11', async () => {
    expect((await ask(dhcp, 'STATUS', conf())).document).toMatchObject({ code: 50 });
    expect((await ask(dhcp, 'ADD', conf())).document).toMatchObject({
      code: 11,
      msg: `error dialing DHCP daemon: dial unix ${socket}: connect: no such file or directory`,
    });
  });

  test('somebody else on its socket is no daemon', async () => {
    server = createServer((stranger) => void stranger.resume().end('HTTP/1.0 405 must CONNECT\n\n'));
    await new Promise<void>((resolve) => server?.listen(socket, resolve));
    expect((await ask(dhcp, 'STATUS', conf())).document['details']).toContain('405');
  });

  test('DEL marks the lease that there is, and only warns of one that there may be', async () => {
    const nothing = await ask(dhcp, 'DEL', conf());
    expect([nothing.exitCode, nothing.stderr.join('')]).toEqual([0, expect.stringContaining('nothing is known')]);
    writeLease(socket, fileOf(held()));
    const marked = await ask(dhcp, 'DEL', conf());
    expect([marked.exitCode, isMarked(socket, KEY)]).toEqual([0, true]);
  });

  test('GC marks what no valid attachment has, and nothing of another network', async () => {
    writeLease(socket, fileOf(held()));
    const valid = (...ids: string[]) => ({
      'cni.dev/valid-attachments': ids.map((containerID) => ({ containerID, ifname: 'eth0' })),
    });
    await ask(dhcp, 'GC', { ...conf(), ...valid('c1') });
    await ask(dhcp, 'GC', { ...conf(), ...valid(), name: 'other' });
    await ask(dhcp, 'GC', conf());
    expect(isMarked(socket, KEY)).toBe(false);
    await ask(dhcp, 'GC', { ...conf(), ...valid('c2') });
    expect(isMarked(socket, KEY)).toBe(true);
  });
});

test('an ADD without an ipam section is refused', async () => {
  expect((await ask(dhcp, 'ADD', {})).document).toMatchObject({ code: 7, msg: "IPAM config missing 'ipam' key" });
});

test('leases on disk', () => {
  writeLease(socket, fileOf(held()));
  const [file] = readLeases(socket);
  expect(file && heldFrom(file)).toEqual(held());
  markLease(socket, { ...KEY, containerId: 'c9' });
  expect(readdirSync(leaseFolder(socket)).sort()).toEqual(['c1:net:eth0.json', 'c9:net:eth0.release']);
  tidyLeases(socket);
  expect(readdirSync(leaseFolder(socket))).toEqual(['c1:net:eth0.json']);
  removeLease(socket, KEY);
  expect(hasLease(socket, KEY)).toBe(false);
});

test('a lease whose file says something else is no lease', () => {
  const whole = { version: 1, bootId: 'b', ...fileOf(held()) };
  const read = (change: object) => {
    const file = decodeLease(JSON.stringify({ ...whole, ...change }), 'b');
    return file && heldFrom(file);
  };
  expect(read({})).toEqual(held());
  const changes = [
    { version: 2 },
    { bootId: 'c' },
    { containerId: undefined },
    { ifName: 7 },
    { netns: null },
    { netns: { path: '/run/netns/pod', dev: 4, ino: '5' } },
    { index: '3' },
    { mac: null },
    { wayOut: { name: 'lan0' } },
    { options: null },
    { options: [[61]] },
    { ack: '' },
    { serverMac: '02' },
    { askedAt: null },
  ];
  for (const change of changes) expect(read(change), JSON.stringify(change)).toBeUndefined();
  for (const text of ['', 'null', '[]', '{"version":1}']) expect(decodeLease(text, 'b')).toBeUndefined();
});

test('a caller that names a method by what is no text gets an answer', async () => {
  const { signal } = new AbortController();
  const object: GobObject = Object.create(null);
  const answer = await answerTo(new Map(), { ServiceMethod: object, Seq: 3 }, {}, signal);
  const decoder = new GobDecoder();
  decoder.push(answer(new GobEncoder()));
  expect(decoder.next()).toMatchObject({ Seq: 3, Error: "rpc: can't find method " });
});

test('what a daemon gives that no result may say is refused or left out', () => {
  const object: GobObject = Object.create(null);
  const address = (mask: number) => [
    { Address: { IP: Uint8Array.of(10, 1, 0, 2), Mask: new Uint8Array(mask).fill(255) } },
  ];
  expect(readResult({ IPs: address(4), DNS: { Nameservers: [object, '10.1.0.1'] } })).toMatchObject({
    ips: [{ address: '10.1.0.2/32' }],
    dns: { nameservers: ['10.1.0.1'] },
  });
  for (const mask of [5, 8, 16, 1_000_000]) {
    expect(() => readResult({ IPs: address(mask) })).toThrow('the DHCP daemon gave what is no address');
  }
});

test('what a plugin is told survives the way', () => {
  const decoder = new GobDecoder();
  decoder.push(new GobEncoder().encode(RESULT, rpcResultOf(held().lease, 0)));
  expect(readResult(decoder.next() ?? {})).toEqual({
    ips: [{ address: '10.5.1.9/22', gateway: '10.5.0.1' }],
    routes: [
      { dst: '10.9.0.0/16', gw: '0.0.0.0', scope: 253 },
      { dst: '0.0.0.0/0', gw: '10.5.0.1' },
    ],
  });
});

describe('what is wanted', () => {
  const wanted = (ipam: object, args = '') => {
    const stdin = new TextEncoder().encode(JSON.stringify({ Name: 'net', ipam: { type: 'dhcp', ...ipam } }));
    return wantedOf({ ContainerID: 'c1', IfName: 'eth0', Netns: '/ns', Args: args, StdinData: stdin });
  };
  const options = async (ipam: object, args = '') => {
    const { options: all } = await wanted(ipam, args);
    return Object.fromEntries(
      [...all].map(([code, data]) => [code, code === 55 ? [...data] : Buffer.from(data).toString()]),
    );
  };

  test('the identity, and what is always asked for', async () => {
    expect(await options({})).toEqual({ 55: [3, 1], 61: '\0c1/net/eth0' });
    expect((await wanted({})).key).toEqual(KEY);
  });

  test('options by name and number, and of CNI_ARGS', async () => {
    const provide = [
      { option: 'host-name', value: 'a', fromArg: 'H' },
      { option: '60', value: 'v' },
      { option: 'user-class', fromArg: 'NONE' },
    ];
    expect(await options({ provide }, 'nonsense;H=b=c')).toMatchObject({ 12: 'b=c', 60: 'v' });
    expect(await options({ request: [{ option: '15' }, { option: 'routers' }] })).toMatchObject({ 55: [15, 3, 1] });
    expect(await options({ request: [{ option: '15', skipDefault: true }] })).toMatchObject({ 55: [15] });
    expect(await options({ request: [{ skipDefault: true }] })).toMatchObject({ 55: [1, 3, 15, 6] });
  });

  test('refusals in the words of the reference', async () => {
    const parse = 'Can not parse option "x": Can not parse option: strconv.ParseUint: parsing "x": invalid syntax';
    await expect(wanted({ request: [{ option: 'x' }] })).rejects.toThrow(parse);
    await expect(wanted({ request: [{ option: '256' }] })).rejects.toThrow('value out of range');
    await expect(wanted({ provide: [{ option: '12', value: 'x'.repeat(256) }] })).rejects.toThrow(
      'value too long for option "12": "xxx',
    );
  });
});

test('durations', () => {
  const rows = {
    '10s': 10_000,
    '1m2s': 62_000,
    '1.5h': 5_400_000,
    '250ms': 250,
    '2us': 0.002,
    '0': 0,
    '-1s': -1000,
    '.5s': 500,
  };
  for (const [text, ms] of Object.entries(rows)) expect(readDuration(text)).toBeCloseTo(ms, 9);
  for (const text of ['', '10', 's', '1 s', '1d', 'x1s', '-']) expect(readDuration(text)).toBeUndefined();
});

test('flags as Go reads them', () => {
  const line = '--hostprefix=/host -socketpath /a.sock -broadcast -timeout 3s -resendmax=1m rest -timeout 9s';
  expect(readFlags(line.split(' '))).toEqual({
    pidFile: '',
    hostPrefix: '/host',
    socketPath: '/a.sock',
    broadcast: true,
    patience: { timeout: 3000, resendMax: 60_000, resendTimeout: 208_000 },
  });
  expect(readFlags([])).toMatchObject({ socketPath: '/run/cni/dhcp.sock', patience: { timeout: 10_000 } });
  expect(readFlags(['-broadcast=false'])).toMatchObject({ broadcast: false });
  for (const argv of [['-x'], ['-timeout'], ['-timeout', 'x'], ['-broadcast=x']]) {
    expect(readFlags(argv)).toMatchObject({ exitCode: 2 });
  }
  expect(readFlags(['-help'])).toMatchObject({ exitCode: 0, text: expect.stringContaining('-resendtimeout duration') });
});
