import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../project.ts';
import type { Kernel } from './kernel.ts';

/** What the guest needs before it can see this machine's folders. */
const EARLY_MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/** Variables for the scripts that run in the guest. */
export type Settings = Readonly<Record<string, string>>;

/** Makes the file system that the kernel starts from, in a folder that the caller removes; gives the file's path. */
export async function makeInitramfs(kernel: Kernel, settings: Settings, folder: string): Promise<string> {
  const tree = join(folder, 'initramfs');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  mkdirSync(join(tree, 'modules'));
  copyFileSync(join(kernel.home, 'busybox'), join(tree, 'bin/busybox'));
  for (const script of ['init', 'start'])
    copyFileSync(join(ROOT, 'scripts/lib/vm', `${script}.sh`), join(tree, script));
  chmodSync(join(tree, 'init'), 0o755);
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`);
  writeFileSync(join(tree, 'settings'), lines.join(''));
  for (const [index, module] of (await modulesInOrder(kernel)).entries()) {
    await putModule(kernel, module, join(tree, 'modules', `${index + 10}-${basename(module)}`));
  }
  const names = readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort();
  const file = join(folder, 'initramfs.cpio');
  const options = { cwd: tree, input: names.join('\n'), stdout: { file } } as const;
  await execa(join(kernel.home, 'busybox'), ['cpio', '-o', '-H', 'newc'], options);
  return file;
}

/** The files of the early modules, each after those that it needs. */
async function modulesInOrder({ home, version }: Kernel): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const module of EARLY_MODULES) {
    const { stdout } = await execa('modprobe', ['-d', home, '-S', version, '--show-depends', module]);
    // A line that begins otherwise names what is part of the kernel.
    for (const [, file] of stdout.matchAll(/^insmod (\S.*?)\s*$/gm)) if (file !== undefined) files.add(file);
  }
  return [...files];
}

/** Newer kernels have packed modules, and busybox in the guest inserts only plain ones. */
async function putModule({ home }: Kernel, module: string, target: string): Promise<void> {
  if (!module.endsWith('.xz')) return copyFileSync(module, target);
  await execa(join(home, 'busybox'), ['unxz', '-c', module], { stdout: { file: target } });
}
