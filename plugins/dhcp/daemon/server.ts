import type { Server, Socket } from 'node:net';
import { joined } from '../../../pkg/addr/bytes.ts';
import { GobEncoder } from '../../../pkg/gob/encode.ts';
import { CONNECT, CONNECTED, NOTHING, RESPONSE, RpcReader } from '../../../pkg/gob/rpc.ts';
import type { GobObject, StructType } from '../../../pkg/gob/types.ts';
import { NO_SUCH_METHOD } from '../protocol.ts';

/** What one method gives: a value of a type. */
export interface Answer {
  readonly type: StructType;
  readonly value: GobObject;
}

/** A method; the signal comes when its caller goes away. */
export type Method = (args: GobObject, signal: AbortSignal) => Promise<Answer>;

/** Who connects and says nothing is not listened to forever. */
const SILENCE_MS = 30_000;

/** Answers calls of Go's `net/rpc` on all connections of a server. */
export function createServer(methods: ReadonlyMap<string, Method>): Server {
  const { createServer: listen } = process.getBuiltinModule('node:net');
  return listen((socket) => serve(socket, methods));
}

function serve(socket: Socket, methods: ReadonlyMap<string, Method>): void {
  const gone = new AbortController();
  const reader = new RpcReader();
  const encoder = new GobEncoder();
  let running = 0;
  const run = async (head: GobObject, body: GobObject): Promise<void> => {
    running += 1;
    const answer = await answerTo(methods, head, body, gone.signal);
    running -= 1;
    if (!socket.destroyed) socket.write(answer(encoder));
  };
  socket.setTimeout(SILENCE_MS, () => {
    if (running === 0) socket.destroy();
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', () => gone.abort());
  socket.on('data', (bytes: Uint8Array) => {
    try {
      const head = reader.push(bytes);
      if (head !== undefined) {
        if (!head.startsWith(CONNECT.split(' ', 1)[0] ?? '')) throw new Error('405 must CONNECT');
        socket.write(CONNECTED);
      }
      for (let next = reader.next(); next !== undefined; next = reader.next()) void run(next.head, next.body);
    } catch {
      // What is no call of an RPC client gets no answer either.
      socket.destroy();
    }
  });
}

/** Carries out a call; gives what writes the answer. */
export async function answerTo(
  methods: ReadonlyMap<string, Method>,
  head: GobObject,
  body: GobObject,
  signal: AbortSignal,
): Promise<(encoder: GobEncoder) => Uint8Array> {
  const { ServiceMethod: method, Seq: sequence } = head;
  // A caller may describe it as anything.
  const name = typeof method === 'string' ? method : '';
  const { error, answer } = await call(methods, name, body, signal);
  const response = { ServiceMethod: name, Seq: sequence, Error: error };
  return (encoder) => joined([encoder.encode(RESPONSE, response), encoder.encode(answer.type, answer.value)]);
}

async function call(
  methods: ReadonlyMap<string, Method>,
  name: string,
  args: GobObject,
  signal: AbortSignal,
): Promise<{ readonly error: string; readonly answer: Answer }> {
  const nothing: Answer = { type: NOTHING, value: {} };
  const method = methods.get(name);
  if (method === undefined) return { error: `${NO_SUCH_METHOD} ${name}`, answer: nothing };
  try {
    return { error: '', answer: await method(args, signal) };
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown), answer: nothing };
  }
}
