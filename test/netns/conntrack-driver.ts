// Started by conntrack.test.ts on a host, as an executable of its own: flushes there, and prints the warning and the time.
import { readFileSync } from 'node:fs';
import { type FlushedMapping, flushFlows } from '../../pkg/conntrack/flush.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { libc } from '../../pkg/sys/libc.ts';

/** What the test asks for on stdin; without a path the host's own flows are meant. */
export interface FlushRequest {
  readonly path?: string;
  readonly mappings: readonly FlushedMapping[];
}

const { path, mappings } = JSON.parse(readFileSync(0, 'utf8')) as FlushRequest;
const place = path === undefined ? ownNetns() : openNetns(path);
// A plugin has long opened it by then.
libc();
const started = performance.now();
const warning = await flushFlows(place, mappings);
process.stdout.write(JSON.stringify({ warning, ms: performance.now() - started }));
