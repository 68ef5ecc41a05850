// Started by listeners.test.ts on a host, as an executable of its own: prints who listens there, and the time it took.
import { readFileSync } from 'node:fs';
import { listenersOn, type MappedPort } from '../../pkg/sockets/listeners.ts';
import { libc } from '../../pkg/sys/libc.ts';

const ports = JSON.parse(readFileSync(0, 'utf8')) as readonly MappedPort[];
// A plugin has long opened it by then.
libc();
const started = performance.now();
const listeners = await listenersOn(ports);
process.stdout.write(JSON.stringify({ listeners, ms: performance.now() - started }));
