import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runc } from '../../../scripts/lib/container-runtimes.ts';
import { PATH } from '../../netns/harness/place.ts';

const RUNC = await runc();

/** The program that pods are made of. */
export const busybox = join(RUNC, 'bin/busybox');

/** The environment in which the programs of unpacked packages find each other, before those of the machine. */
export function environmentOf(home: string): Readonly<Record<string, string>> {
  const folders = [home, RUNC].flatMap((each) => ['usr/bin', 'usr/sbin', 'bin'].map((folder) => join(each, folder)));
  const libraries = [home, RUNC].flatMap(librariesOf);
  return { PATH: [...folders, PATH].join(':'), LD_LIBRARY_PATH: libraries.join(':'), TMPDIR: '/var/lib/runtime/tmp' };
}

/** Folders that are named after the processor. */
function librariesOf(home: string): readonly string[] {
  return ['usr/lib', 'lib'].flatMap((folder) => {
    const path = join(home, folder);
    if (!existsSync(path)) return [];
    const names = readdirSync(path).filter((name) => name.endsWith('-linux-gnu'));
    return names.map((name) => join(path, name));
  });
}
