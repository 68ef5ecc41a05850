import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './project.ts';

const HEAD = `This suite is under the licence in the file LICENSE. The executables contain parts of others, whose terms follow.
`;

/** What has to be told of whatever an executable is made from: engine, C library and the packages that are bundled. */
export function noticesOf(engineSource: string, cLibrary: string, packages: readonly string[]): string {
  const sections = [
    section('QuickJS', readFileSync(join(engineSource, 'LICENSE'), 'utf8')),
    ...[...packages].sort().map(packageSection),
    section('The C library musl', readFileSync(join(cLibrary, 'usr/share/doc/musl-dev/copyright'), 'utf8')),
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
