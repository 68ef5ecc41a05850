import { systemClock } from '../../../pkg/dhcp/system.ts';
import { NOTHING } from '../../../pkg/gob/rpc.ts';
import { thrownText } from '../../../pkg/sys/errno.ts';
import { removeFile, writeFileAtomically, writeText } from '../../../pkg/sys/files/files.ts';
import { METHOD, RESULT } from '../protocol.ts';
import { type DaemonFlags, readFlags } from './flags.ts';
import { Leases } from './leases.ts';
import { handedOver, handedPath, type Listening, listenHandedOver, listenOn } from './listen.ts';
import { rpcResultOf } from './rpc-result.ts';
import { createServer, type Method } from './server.ts';
import { keyOf, wantedOf } from './wanted.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Runs `dhcp daemon` until it is told to end; gives the exit status. */
export async function runDaemon(argv: readonly string[]): Promise<number> {
  const flags = readFlags(argv);
  if ('text' in flags) {
    writeText(2, flags.text);
    return flags.exitCode;
  }
  try {
    refusePidFile(flags.pidFile);
    await serve(flags);
    return 0;
  } catch (thrown) {
    log(thrownText(thrown));
    return 1;
  }
}

async function serve(flags: DaemonFlags): Promise<void> {
  const { hostPrefix, broadcast, patience, pidFile } = flags;
  const ended = new Promise<void>((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve());
  });
  const isHandedOver = handedOver(process.env);
  const configured = `${hostPrefix}${flags.socketPath}`;
  const socketPath = isHandedOver ? handedPath(configured) : configured;
  const leases = new Leases({ socketPath, hostPrefix, broadcast, patience, clock: systemClock, log });
  const server = createServer(methodsOf(leases));
  const listening = await listen(() => {
    return isHandedOver ? listenHandedOver(server, socketPath) : listenOn(server, socketPath);
  });
  try {
    writePidFile(pidFile);
    await leases.restore();
    log(`listening on ${listening.path}, with ${leases.size} leases`);
    await ended;
  } finally {
    listening.close();
    await leases.stop();
    if (pidFile !== '') removeFile(pidFile);
  }
}

async function listen(start: () => Promise<Listening>): Promise<Listening> {
  try {
    return await start();
  } catch (thrown) {
    throw new Error(`Error getting listener: ${thrownText(thrown)}`);
  }
}

function methodsOf(leases: Leases): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    [
      METHOD.allocate,
      async (args, signal) => {
        const wanted = await wantedOf(args);
        return { type: RESULT, value: rpcResultOf(await leases.allocate(wanted, signal), wanted.priority) };
      },
    ],
    [
      METHOD.check,
      async (args) => {
        const wanted = await wantedOf(args);
        return { type: RESULT, value: rpcResultOf(await leases.find(wanted.key), wanted.priority) };
      },
    ],
    [
      METHOD.release,
      async (args) => {
        await leases.release(await keyOf(args));
        return { type: NOTHING, value: {} };
      },
    ],
  ]);
}

function refusePidFile(path: string): void {
  if (path === '' || path.startsWith('/')) return;
  throw new Error(`Error writing pidfile ${JSON.stringify(path)}: path not absolute`);
}

function writePidFile(path: string): void {
  if (path === '') return;
  try {
    writeFileAtomically(path, String(process.pid), { mode: 0o644 });
  } catch (thrown) {
    throw new Error(`Error writing pidfile ${JSON.stringify(path)}: ${thrownText(thrown)}`);
  }
}

function log(line: string): void {
  writeText(2, `${line}\n`);
}
