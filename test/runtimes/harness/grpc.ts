import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

/** A call that the server refused, or that did not reach it. */
export class RpcError extends Error {
  /** The status of gRPC; `undefined` when there was none. */
  readonly status: number | undefined;

  constructor(path: string, status: number | undefined, message: string) {
    super(`${path}: ${message}`);
    this.status = status;
  }
}

const PATIENCE_MS = 60_000;

/** Puts one question over gRPC to a server behind a socket, and gives the bytes of its one answer. */
export function callOverSocket(socket: string, path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (status: number | undefined, message: string) => reject(new RpcError(path, status, message));
    const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
    session.on('error', ({ message }) => fail(undefined, message));
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(headers);
    const chunks: Buffer[] = [];
    let end: Readonly<Record<string, unknown>> = {};
    stream.setTimeout(PATIENCE_MS, () => stream.destroy(new Error('no answer in a minute')));
    // A server that refuses at once says so in the headers.
    stream.on('response', (found) => (end = { ...end, ...found }));
    stream.on('trailers', (found) => (end = { ...end, ...found }));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', ({ message }) => fail(undefined, message));
    stream.on('close', () => {
      session.close();
      const status = Number(end['grpc-status'] ?? Number.NaN);
      if (status === 0) resolve(Buffer.concat(chunks).subarray(PREFIX));
      else fail(status, decodeURIComponent(String(end['grpc-message'] ?? 'the connection ended')));
    });
    stream.end(Buffer.concat([prefixOf(request), request]));
  });
}

/** In front of a message stands whether it is compressed, and how long it is. */
const PREFIX = 5;

function prefixOf(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  return prefix;
}
