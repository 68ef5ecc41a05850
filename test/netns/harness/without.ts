import { realpathSync } from 'node:fs';
import { findProgram } from '../../../pkg/sys/process/find-program.ts';
import type { Host } from './host.ts';

/**
 * Does some work while a host has not got a program, wherever a plugin may look for it. The harness misses it too:
 * pods are made and snapshots taken before or after.
 *
 * @example
 * await withoutProgram(host, 'nft', async () => {
 *   const { error } = await callPlugin(host, 'portmap', { verb: 'STATUS', conf });
 * });
 */
export async function withoutProgram(host: Host, program: string, work: () => Promise<void>): Promise<void> {
  // What cannot be executed is not found; its other names are links to the same file.
  const file = realpathSync(findProgram(program));
  await expectSuccess(host, ['mount', '--bind', '/dev/null', file]);
  try {
    await work();
  } finally {
    await expectSuccess(host, ['umount', file]);
    await expectSuccess(host, ['rm', '-rf', '/run/mount']);
  }
}

async function expectSuccess(host: Host, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run(argv);
  if (exitCode !== 0) throw new Error(`${host.name}: ${argv.join(' ')}: ${stderr.trim()}`);
}
