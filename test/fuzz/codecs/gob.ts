import { joined } from '../../../pkg/addr/bytes.ts';
import { GobDecoder } from '../../../pkg/gob/decode.ts';
import { GobEncoder } from '../../../pkg/gob/encode.ts';
import { CONNECT, encodeCall, RESPONSE, RpcReader } from '../../../pkg/gob/rpc.ts';
import { GobError, type GobObject, type StructType } from '../../../pkg/gob/types.ts';
import { CniError } from '../../../pkg/types/error.ts';
import { answerTo } from '../../../plugins/dhcp/daemon/server.ts';
import { CMD_ARGS, METHOD, RESULT } from '../../../plugins/dhcp/protocol.ts';
import { readResult } from '../../../plugins/dhcp/result.ts';
import { bytesOfText, expectSame, type Target } from './target.ts';

const ARGS: GobObject = {
  ContainerID: 'c1',
  Netns: '/run/netns/pod',
  IfName: 'eth0',
  Args: 'IgnoreUnknown=1',
  Path: '/opt/cni/bin',
  StdinData: bytesOfText('{"cniVersion":"1.0.0","name":"net","type":"dhcp"}'),
};

const GIVEN: GobObject = {
  CNIVersion: '1.0.0',
  Interfaces: [{ Name: 'eth0', Mac: '02:00:00:00:00:01', Mtu: 1500 }],
  IPs: [
    {
      Interface: 3,
      Address: { IP: Uint8Array.of(10, 1, 0, 2), Mask: Uint8Array.of(255, 255, 255, 0) },
      Gateway: Uint8Array.of(10, 1, 0, 1),
    },
  ],
  Routes: [{ Dst: { IP: new Uint8Array(4), Mask: new Uint8Array(4) }, GW: Uint8Array.of(10, 1, 0, 1), MTU: 1400 }],
  DNS: { Nameservers: ['10.1.0.1'], Domain: 'test', Search: ['a', 'b'], Options: [] },
};

function isGobError(thrown: unknown): boolean {
  return thrown instanceof GobError;
}

/** What one side says on a connection. */
function stream(...values: readonly (readonly [StructType, GobObject])[]): Uint8Array {
  const encoder = new GobEncoder();
  return joined(values.map(([type, value]) => encoder.encode(type, value)));
}

/** All values in a stream that comes in pieces of so many bytes. */
function valuesIn(bytes: Uint8Array, piece: number): GobObject[] {
  const decoder = new GobDecoder();
  const values: GobObject[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    decoder.push(bytes.subarray(at, at + piece));
    for (let value = decoder.next(); value !== undefined; value = decoder.next()) values.push(value);
  }
  return values;
}

const gob: Target = {
  name: 'gob: values',
  seeds: [
    new GobEncoder().encode(CMD_ARGS, ARGS),
    new GobEncoder().encode(RESULT, GIVEN),
    stream([RESULT, GIVEN], [CMD_ARGS, ARGS], [RESULT, GIVEN]),
  ],
  read(bytes) {
    const values = valuesIn(bytes, bytes.length + 1);
    if (bytes.length < 2000) expectSame(valuesIn(bytes, 50), values, 'a stream in pieces');
    const [first] = values;
    if (first === undefined) return undefined;
    for (const type of [CMD_ARGS, RESULT]) {
      const again = (value: GobObject): GobObject => valuesIn(new GobEncoder().encode(type, value), 1 << 20)[0] ?? {};
      // Where a field has a value of another type a zero is written, and a zero is left out.
      const once = again(again(first));
      expectSame(again(once), once, 'a value');
    }
    return values;
  },
  refuses: isGobError,
};

const result: Target = {
  name: 'rpc: what the dhcp daemon gives',
  seeds: [
    stream([RESPONSE, { ServiceMethod: METHOD.allocate, Seq: 1 }], [RESULT, GIVEN]),
    new GobEncoder().encode(RESULT, GIVEN),
  ],
  read(bytes) {
    const value = valuesIn(bytes, bytes.length + 1).at(-1);
    return value === undefined ? undefined : readResult(value);
  },
  refuses: (thrown) => isGobError(thrown) || thrown instanceof CniError,
};

const call: Target = {
  name: 'rpc: calls of the dhcp daemon',
  seeds: [
    joined([bytesOfText(CONNECT), encodeCall(METHOD.allocate, CMD_ARGS, ARGS)]),
    joined([bytesOfText(CONNECT), encodeCall(METHOD.release, CMD_ARGS, ARGS)]),
  ],
  words: ['\n\n', '\r\n', 'CONNECT'],
  async read(bytes) {
    const reader = new RpcReader();
    let head: string | undefined;
    for (const piece of [bytes.subarray(0, 30), bytes.subarray(30)]) head = reader.push(piece) ?? head;
    const heard: unknown[] = [];
    const methods = new Map([[METHOD.allocate, async (value: GobObject) => ({ type: RESULT, value })]]);
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      const answer = await answerTo(methods, next.head, next.body, new AbortController().signal);
      heard.push(answer(new GobEncoder()).length);
    }
    return head === undefined || heard.length === 0 ? undefined : heard;
  },
  refuses: isGobError,
};

/** Readers of what the dhcp plugin and its daemon say to each other. */
export const GOB_TARGETS: readonly Target[] = [gob, result, call];
