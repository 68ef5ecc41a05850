// Started by thread.test.ts as an executable of its own, with a folder: opens files there while it goes on, more than it
// may have threads for; prints what they say, and why one was not opened.
import { bindFunctions, libc } from '../../pkg/sys/libc.ts';

const [folder = ''] = process.argv.slice(2);
const c = libc();
if (c === undefined) throw new Error('only the executable has threads');
const opening = Array.from({ length: 12 }, (_, number) => c.openInThread(`${folder}/${number}`));
const missing = c.openInThread(`${folder}/missing`);
const early = c.openInThread(`${folder}/0`);
// What the process is told meanwhile is none of their business.
process.on('SIGTERM', () => process.stdout.write('told '));
bindFunctions('kill').symbols.kill(process.pid, 15);
await new Promise((resolve) => setTimeout(resolve, 10));
const texts = opening.map((opened) => textOf(opened()));
let error = '';
try {
  missing();
} catch (thrown) {
  error = String(thrown);
}
process.stdout.write(JSON.stringify({ texts, early: textOf(early()), error }));

function textOf(fd: number): string {
  const buffer = new Uint8Array(16);
  const length = c?.read(fd, buffer) ?? 0;
  c?.close(fd);
  return new TextDecoder().decode(buffer.subarray(0, length));
}
