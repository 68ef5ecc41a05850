import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';

/** Files and folders for an archive, by the folder that they are in. */
export interface ArchiveMembers {
  readonly folder: string;
  readonly names: readonly string[];
  /** The archive's folder that they come into, if it is not the uppermost. */
  readonly into?: string;
}

/** The name of a release's archive, in `dist`. */
export function archiveName(arch: string, version: string): string {
  return `cni-ts-linux-${arch}-v${version}.tar.xz`;
}

/**
 * Twice a file's size and more, so that each executable is found in the one before it; whoever unpacks needs as much
 * memory. Preset 3 takes a fifth of the time of the default 6 and makes the archive 7 % larger.
 */
const XZ_OPTIONS = ['-T1', '--lzma2=preset=3,dict=16MiB', '--stdout'];

/** Packs files so that the same ones give the same bytes. */
export async function packArchive(members: readonly ArchiveMembers[], archive: string, time: number) {
  // ustar has no room for access times, process ids and the like.
  const format = ['--format=ustar', '--sort=name', `--mtime=@${time}`, '--owner=0', '--group=0', '--numeric-owner'];
  // "./name" as in the reference release: people unpack single plugins by that name.
  const files = members.flatMap(({ folder, names }) => ['-C', folder, ...[...names].sort().map((name) => `./${name}`)]);
  // With "r" the names of members only, not what a link says.
  const moved = members.flatMap(({ names, into }) =>
    into === undefined
      ? []
      : names.map((name) => `--transform=flags=r;s,^\\./${name}\\(/\\|$\\),./${into}/${name}\\1,`),
  );
  const tar = execa('tar', ['-c', ...format, ...moved, '--mode=u=rwX,go=rX', '--hard-dereference', ...files], {
    stdout: 'pipe',
    buffer: false,
  });
  const xz = execa('xz', XZ_OPTIONS, { stdin: 'pipe', stdout: 'pipe', buffer: false, encoding: 'buffer' });
  await Promise.all([pipeline(tar.stdout, xz.stdin), pipeline(xz.stdout, createWriteStream(archive)), tar, xz]);
}

/** Writes `FILE.sha256` as sha256sum does, and returns the digest. */
export async function writeChecksum(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest('hex');
  writeFileSync(`${file}.sha256`, `${digest}  ${basename(file)}\n`);
  return digest;
}
