import { join } from 'node:path';
import { expect } from 'vitest';
import { ROOT } from '../../../scripts/lib/project.ts';
import type { Place } from '../../netns/harness/place.ts';

const GET = ['perl', join(ROOT, 'test/runtimes/harness/get.pl')];

/** Who answered over HTTP, and where that one saw the question come from; the connection's failure otherwise. */
export async function whoAnswers(place: Place, address: string, port = 80): Promise<string> {
  const { stdout, stderr, exitCode } = await place.run([...GET, address, `${port}`, '/cgi-bin/who']);
  // A server of both families writes addresses of IPv4 in the words of IPv6.
  return exitCode === 0 ? stdout.trim().replace(/\[(?:::ffff:)?(.*)\]/, '$1') : `failed: ${stderr.trim()}`;
}

/** Waits until a pod, whose server has only just been started, answers by its name. */
export async function expectAnswer(place: Place, name: string, address: string, port = 80): Promise<void> {
  const pattern = new RegExp(`^${name} `);
  await expect.poll(() => whoAnswers(place, address, port), { timeout: 10_000, interval: 30 }).toMatch(pattern);
}

/** Nobody can be reached there, or nobody any more. */
export async function expectSilence(place: Place, address: string, port = 80): Promise<void> {
  expect(await whoAnswers(place, address, port)).toMatch(/^failed: connect: /);
}
