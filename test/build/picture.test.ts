import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../scripts/lib/compile.ts';
import { nativeArch } from '../../scripts/lib/engine.ts';
import { ROOT } from '../../scripts/lib/project.ts';

const BUILT = join(ROOT, 'dist/bin/loopback');
const VERSIONS = { cniVersion: '1.1.0', supportedVersions: expect.arrayContaining(['0.1.0', '1.1.0']) };
const DAMAGED = /^cni-ts: this executable is damaged: its picture of memory is cut or of another build/;

let folder: string;
let file: string;
let bytes: Buffer;
let picture: { readonly offset: number; readonly size: number };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'picture-'));
  file = join(folder, 'loopback');
  bytes = readFileSync(BUILT);
  picture = lastSegment(bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The segment of an executable that is at the highest address. */
function lastSegment(elf: Buffer): { readonly offset: number; readonly size: number } {
  const segments = Array.from({ length: elf.readUInt16LE(56) }, (_, index) => {
    const at = Number(elf.readBigUInt64LE(32)) + index * elf.readUInt16LE(54);
    const [offset, address, size] = [8, 16, 32].map((field) => Number(elf.readBigUInt64LE(at + field)));
    return { isLoaded: elf.readUInt32LE(at) === 1, offset: offset ?? 0, address: address ?? 0, size: size ?? 0 };
  });
  const [last] = segments.filter(({ isLoaded }) => isLoaded).sort((a, b) => b.address - a.address);
  if (last === undefined) throw new Error('there is no segment');
  return last;
}

/** Calls an executable as loopback; limits are those of a shell's `ulimit`. */
function call(program: string, verb: string, stdin = '', limits = 'true') {
  const { stdout, stderr, status } = spawnSync('sh', ['-c', `${limits}; exec "$0"`, program], {
    input: stdin,
    encoding: 'utf8',
    env: { CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'lo', CNI_PATH: '/' },
  });
  return { status, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) };
}

function damaged(change: (copy: Buffer) => void): string {
  const copy = Buffer.from(bytes);
  change(copy);
  writeFileSync(file, copy);
  chmodSync(file, 0o755);
  return file;
}

test('every call takes the picture over, wherever the kernel puts everything else', () => {
  for (let count = 0; count < 300; count++) {
    expect(call(BUILT, 'VERSION')).toEqual({ status: 0, stderr: '', answer: VERSIONS });
  }
});

test('it has nothing in it of the machine on which it was made', () => {
  const text = bytes.subarray(picture.offset, picture.offset + picture.size).toString('latin1');
  const own = [ROOT, hostname(), userInfo().homedir, process.execPath, process.version];
  for (const [name, value = ''] of Object.entries(process.env))
    if (value.length > 7) own.push(`${name}=${value}`, value);
  // Shorter ones may be anywhere by chance.
  expect(own.filter((one) => one.length > 4 && text.includes(one))).toEqual([]);
});

test.each([
  ['open', "Native.libc('open')('/etc/hostname', 0, 0);"],
  ['openInThread', "Native.openInThread('/etc/hostname');"],
  ['sendInThread', 'Native.sendInThread(0, new Uint8Array(1));'],
  ['sendByChild', 'Native.sendByChild(0, [1]);'],
  ['buildOf', "Native.buildOf('/bin/true');"],
  ['now', 'Native.now();'],
])('a program that looks at the world too early has none, and is told where: %s', async (name, source) => {
  const entry = join(folder, `early-${name}.ts`);
  writeFileSync(entry, source);
  const compiling = compile({ entry, picture: entry, arch: nativeArch(), output: join(folder, 'early') });
  await expect(compiling).rejects.toThrow(`${name} was called while the picture is made`);
});

test('what is in it is used and changed as everything else, and what is not is collected', async () => {
  const [home, output] = [join(ROOT, 'test/build'), join(folder, 'picture-driver')];
  const files = { entry: join(home, 'picture-driver.ts'), picture: join(home, 'kept.ts') };
  await compile({ ...files, arch: nativeArch(), output });
  // All that are made would take ten times as much.
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -v 80000; exec "$0"', output], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const { inPicture, made, collected } = JSON.parse(stdout);
  expect(inPicture).toBe(made);
  expect(collected).toBeGreaterThan(300);
});

describe('an executable whose picture does not fit starts without it', () => {
  test.each<[string, (copy: Buffer) => void]>([
    ['another kind of section', (copy) => copy.write('pictur_', picture.offset)],
    ['one that was never made', (copy) => copy.write('to mak_', picture.offset)],
    ['of another program or engine', (copy) => copy.write('f00', picture.offset + 8)],
    ['made where everything was elsewhere', (copy) => copy.writeUInt8(0xff, picture.offset + 48)],
    ['of another size', (copy) => copy.writeUInt8(bytes.readUInt8(picture.offset + 81) ^ 0x10, picture.offset + 81)],
  ])('%s', (_, change) => {
    const program = damaged(change);
    expect(call(program, 'VERSION')).toEqual({ status: 0, stderr: expect.stringMatching(DAMAGED), answer: VERSIONS });
    const { status, stderr, answer } = call(program, 'ADD', '{');
    expect({ status, stderr, answer }).toEqual({ ...call(BUILT, 'ADD', '{'), stderr: expect.stringMatching(DAMAGED) });
    expect([status, answer.code]).toEqual([1, 6]);
  });

  test.each([0.1, 0.5, 0.99])('cut after %d of it', (part) => {
    const program = damaged(() => {});
    truncateSync(program, picture.offset + Math.floor(picture.size * part));
    expect(call(program, 'VERSION')).toEqual({ status: 0, stderr: expect.stringMatching(DAMAGED), answer: VERSIONS });
  });

  test('cut where it begins', () => {
    const program = damaged(() => {});
    truncateSync(program, picture.offset);
    expect(call(program, 'VERSION')).toEqual({ status: 0, stderr: expect.stringMatching(DAMAGED), answer: VERSIONS });
  });
});

test.each([['ulimit -v 24000'], ['ulimit -d 6000'], ['ulimit -s 256'], ['ulimit -s unlimited'], ['ulimit -n 8']])(
  'it takes the picture over under a limit: %s',
  (limits) => {
    expect(call(BUILT, 'VERSION', '', limits)).toEqual({ status: 0, stderr: '', answer: VERSIONS });
  },
);
