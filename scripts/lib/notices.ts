import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arch } from './engine.ts';
import { ROOT } from './project.ts';

/** The C library's terms, where Debian's package of it has them; the licence itself is a file of its own there. */
const C_LIBRARY: Readonly<Record<Arch, string>> = {
  amd64: '/usr/share/doc/libc6-dev/copyright',
  arm64: '/usr/share/doc/libc6-dev-arm64-cross/copyright',
};
const LGPL = '/usr/share/common-licenses/LGPL-2.1';

const HEAD = `This suite is under the licence in the file LICENSE. The executables contain parts of others, whose terms follow.

The C library is under the GNU Lesser General Public License: it may be exchanged for another one by building the
executables again from the source of this suite, as its docs/build.md says.
`;

/** What has to be told of whatever an executable is made from: engine, C library and the packages that are bundled. */
export function noticesOf(arch: Arch, engineSource: string, packages: readonly string[]): string {
  const sections = [
    section('QuickJS', readFileSync(join(engineSource, 'LICENSE'), 'utf8')),
    ...[...packages].sort().map(packageSection),
    section('The GNU C library', `${readFileSync(C_LIBRARY[arch], 'utf8')}\n${readFileSync(LGPL, 'utf8')}`),
  ];
  return [HEAD, ...sections].join('\n');
}

function packageSection(name: string): string {
  const folder = join(ROOT, 'node_modules', name);
  const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (licence === undefined) throw new Error(`the package ${name} has no file with its licence`);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return section(`${name} ${version}`, readFileSync(join(folder, licence), 'utf8'));
}

function section(title: string, text: string): string {
  return `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text.trim()}\n`;
}
