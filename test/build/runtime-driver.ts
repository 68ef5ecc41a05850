// Uses what the executable gives the program of the web's and Node's things, and prints what came of it; run by Node too.
import { runProcess } from '../../pkg/sys/process/process.ts';

const folder = process.argv.at(-1) ?? '';
const outcomes: Record<string, unknown> = {};

async function attempt(what: string, work: () => unknown): Promise<void> {
  try {
    outcomes[what] = (await work()) ?? 'nothing';
  } catch (thrown) {
    outcomes[what] = thrown instanceof Error && 'code' in thrown ? `fails: ${thrown.code}` : `fails: ${thrown}`;
  }
}

const bytes = (...values: readonly number[]) => Uint8Array.from(values);
/** Wrong in every way that there is: lone, cut off, too long, half of a pair, beyond the end. */
const WRONG = [
  bytes(0x80),
  bytes(0x61, 0xc3),
  bytes(0xc0, 0xaf),
  bytes(0xe0, 0x80, 0xaf),
  bytes(0xed, 0xa0, 0x80),
  bytes(0xf0, 0x9f, 0x98),
  bytes(0xf4, 0x90, 0x80, 0x80),
  bytes(0xff, 0x61, 0xf0, 0x9f, 0x61),
];

await attempt('texts from bytes', () => WRONG.map((wrong) => new TextDecoder().decode(wrong)));
await attempt('a text in pieces', () => {
  const whole = new TextEncoder().encode('\u{feff}ä€😀é');
  return [1, 2, 3, 5].map((size) => {
    const decoder = new TextDecoder();
    let text = '';
    for (let at = 0; at < whole.length; at += size) {
      text += decoder.decode(whole.subarray(at, at + size), { stream: true });
    }
    return text + decoder.decode();
  });
});
await attempt('bytes from texts', () =>
  ['', 'a\0b', 'ä€😀', 'a\ud83d', '\ude00b'].map((text) => [...Buffer.from(text)]),
);
await attempt('as many characters as there is room for', () =>
  [0, 1, 4, 6, 20].map((room) => {
    const target = new Uint8Array(room);
    return [new TextEncoder().encodeInto('aä😀z', target), [...target]];
  }),
);
await attempt('bytes in other writing', () => {
  const some = Buffer.from('any carnal pleas');
  return [some.toString('hex'), some.toString('base64'), [...Buffer.from('00ffAzz', 'hex')], Buffer.byteLength('ä€')];
});
await attempt('what is in bytes', () => {
  const some = Buffer.from('aab-aaab');
  return [some.includes('aaab'), some.includes('aaaab'), some.includes(''), some.equals(Buffer.from('aab-aaab'))];
});
await attempt('hashes', () => {
  const { createHash } = process.getBuiltinModule('node:crypto');
  // Every length that a last block may have, and more than one block.
  const texts = ['grüße', ...Array.from({ length: 300 }, (_, length) => 'a'.repeat(length))];
  return texts.map((text) => createHash('sha512').update(text).digest('hex'));
});
await attempt('paths', () => {
  const { resolve } = process.getBuiltinModule('node:path');
  return [resolve('/a/b', '../c'), resolve('/a', '/b//c/'), resolve('/..'), resolve('') === process.cwd()];
});
await attempt('names of the machine', () => {
  const { hostname, tmpdir } = process.getBuiltinModule('node:os');
  return [hostname(), tmpdir()];
});
await attempt('colours', () => process.getBuiltinModule('node:util').styleText('red', 'x', { validateStream: false }));
await attempt('no terminal', () => process.getBuiltinModule('node:tty').isatty(0));
await attempt('the order of what waits', async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setTimeout(() => order.push('20 ms'), 20);
    setTimeout(() => {
      order.push('40 ms');
      resolve();
    }, 40);
    const stopped = setTimeout(() => order.push('never'), 30);
    setTimeout(() => clearTimeout(stopped), 10);
    setImmediate(() => order.push('at once'));
    Promise.resolve().then(() => order.push('first of all'));
  });
  return order;
});
await attempt('signals to stop', () => {
  const controller = new AbortController();
  const told: string[] = [];
  controller.signal.addEventListener('abort', () => told.push('told'));
  controller.abort();
  controller.abort();
  return [controller.signal.aborted, told];
});

const sh = (script: string, more: { stdin?: string | Promise<string>; timeoutMs?: number } = {}) =>
  runProcess({ argv: ['sh', '-c', script], ...more });
await attempt('a program', () => sh('cat; echo to >&2; exit 3', { stdin: 'from\0 ä' }));
await attempt('a program with much to read and to say', async () => {
  const { stdout, status } = await sh('cat', { stdin: 'ä'.repeat(700_000) });
  return [stdout.length, status];
});
await attempt('a program that waits for what it is to read', async () => {
  const later = new Promise<string>((resolve) => setTimeout(() => resolve('late '.repeat(60_000)), 20));
  return (await sh('wc -c', { stdin: later })).stdout.trim();
});
await attempt(
  'a program that does not read',
  async () => (await sh('exit 0', { stdin: 'x'.repeat(1_000_000) })).status,
);
await attempt('a program without an input', () => sh('cat'));
await attempt('a program that ends itself', () => sh('kill -TERM $$'));
await attempt('a program that takes too long', async () => {
  const { timedOut, signal } = await sh('exec sleep 20', { timeoutMs: 50 });
  return [timedOut, signal];
});
await attempt('a program that leaves another behind', async () => {
  const started = performance.now();
  const { stdout } = await sh('sleep 3 & echo gone', { timeoutMs: 200 });
  return [stdout, performance.now() - started < 2000];
});
await attempt('a program that is none', () => runProcess({ argv: ['/dev/null'] }));
// Without the last ones, which the C library keeps for itself.
await attempt('signals of programs are theirs', () => {
  return sh('sed -nE "s/^(Sig(Blk|Ign)):.*(.{7})$/\\1 \\3/p" /proc/self/status');
});

await attempt('trees of files', () => {
  const fs = process.getBuiltinModule('node:fs');
  const at = (name: string) => `${folder}/${name}`;
  fs.mkdirSync(at('a/b'), { recursive: true });
  fs.writeFileSync(at('a/b/file'), 'text', { mode: 0o640 });
  fs.symlinkSync('b/file', at('a/link'));
  fs.linkSync(at('a/b/file'), at('a/second'));
  fs.cpSync(at('a'), at('copy'), { recursive: true, preserveTimestamps: true });
  const copied = fs.lstatSync(at('copy/b/file'));
  const found = [
    fs.readdirSync(at('copy')),
    fs
      .readdirSync(at('copy'), { withFileTypes: true })
      .map((entry) => [entry.name, entry.isFile(), entry.isDirectory()]),
    fs.readlinkSync(at('a/link')),
    fs.lstatSync(at('copy/link')).isSymbolicLink(),
    fs.readFileSync(at('copy/b/file'), 'utf8'),
    fs.realpathSync(at('a/link')).slice(folder.length),
    [
      copied.size,
      copied.mode.toString(8),
      copied.isFile(),
      Math.abs(copied.mtimeMs - fs.statSync(at('a/b/file')).mtimeMs) < 2,
    ],
    fs.existsSync(at('none')),
    fs.statSync(at('none'), { throwIfNoEntry: false }) === undefined,
    fs.mkdtempSync(at('x-')).length - at('x-').length,
  ];
  fs.rmSync(at('copy'), { recursive: true });
  fs.rmSync(at('none'), { force: true });
  return [found, fs.existsSync(at('copy'))];
});
for (const name of ['readFileSync', 'readdirSync', 'rmSync', 'unlinkSync', 'lstatSync', 'realpathSync', 'accessSync']) {
  await attempt(`${name} of nothing`, () => {
    const fs = process.getBuiltinModule('node:fs') as unknown as Readonly<Record<string, (path: string) => unknown>>;
    return fs[name]?.(`${folder}/none`);
  });
}

process.stdout.write(JSON.stringify(outcomes));
