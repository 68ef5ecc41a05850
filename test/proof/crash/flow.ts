import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ROOT } from '../../../scripts/lib/project.ts';
import type { Place } from '../../netns/harness/place.ts';

/** A TCP connection that is used all the time, with a new one beside it twenty times a second. */
export interface Flow {
  /** What went wrong since the last look; nothing having been said at all counts too. */
  troubles(): readonly string[];
}

/** Whoever talks says what is wrong by then: each of three steps of a round may take five seconds. */
const SILENCE_MS = 20_000;

const FLOW = ['perl', join(ROOT, 'test/proof/crash/flow.pl')] as const;

/** Has one place talk to another; it ends with their host. */
export async function talk(client: Place, server: Place, address: string, port: number): Promise<Flow> {
  const serving = server.start([...FLOW, 'serve', `${port}`]);
  await until('the server listens', () => serving.stdout().includes('ready'));
  // Addresses of IPv6 and ways through a new bridge take a moment.
  const deadline = performance.now() + 10_000;
  for (;;) {
    const talking = client.start([...FLOW, 'talk', address, `${port}`]);
    const isTalking = await until('somebody answers', () => talking.stdout().includes('.')).then(
      () => true,
      () => false,
    );
    if (isTalking) return watched(() => talking.stdout());
    await talking.stop();
    if (performance.now() > deadline) throw new Error(`${client.name}: nobody answers at ${address} port ${port}`);
  }
}

function watched(stdout: () => string): Flow {
  let seen = stdout().length;
  let lastNews = performance.now();
  return {
    troubles() {
      const news = stdout().slice(seen);
      seen += news.length;
      if (news !== '') lastNews = performance.now();
      const silence = performance.now() - lastNews;
      const stalled = silence > SILENCE_MS ? [`nothing was answered for ${Math.round(silence)} ms`] : [];
      return [...stalled, ...news.split(/[.\n]/).filter((line) => line !== '')];
    },
  };
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 10) {
    if (waited > 3000) throw new Error(`in vain: ${what}`);
    await setTimeout(10);
  }
}
