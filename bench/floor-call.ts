// Makes a container on a new host, then calls what is measured, once each, and prints how long each took, in nanoseconds;
// started by floor-host.ts inside that host, as an executable of its own. stdin: a FloorRequest.
import { readStdin } from '../pkg/sys/files/stdin.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';
import { pause } from './pause.ts';
import { callPlugin, type PluginCall } from './plugin-call.ts';

/** What floor-host.ts asks for. */
export interface FloorRequest {
  /** The ADD that makes what all containers share. */
  readonly first: PluginCall;
  /** One right after the other, as chains.ts calls its plugins. */
  readonly measured: readonly PluginCall[];
}

const { first, measured }: FloorRequest = JSON.parse(await readStdin());
await pause();
timeOf(first);
await pause();
await writeOut('stdout', JSON.stringify(measured.map(timeOf)));

function timeOf(call: PluginCall): number {
  const { nanoseconds, status, stdout } = callPlugin(call);
  if (status !== 0) throw new Error(`${call.file} ended with status ${status}: ${stdout}`);
  return nanoseconds;
}
