import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ROOT } from '../../scripts/lib/project.ts';
import type { Background, Place } from '../netns/harness/place.ts';

/** Something that has to answer all the time. */
export interface Target {
  /** One connection for good, a new one each time, or single packets. */
  readonly kind: 'held' | 'fresh' | 'ping';
  readonly address: string;
  readonly port?: number;
  /** Who has to answer. */
  readonly name?: string;
}

/** Somebody who asks several targets all the time. */
export interface Watch {
  /** Stops asking; how often everything was asked, the longest wait for an answer, and what failed. */
  stop(): Promise<WatchReport>;
  /** Waits until everything has been asked once. */
  begun(): Promise<void>;
}

/** What a {@link Watch} has seen. */
export interface WatchReport {
  readonly answers: number;
  readonly worstMs: number;
  readonly failures: readonly string[];
  /** Answers that took longer than half a second. */
  readonly slow: readonly string[];
}

const TRAFFIC = ['perl', join(ROOT, 'test/proof/upgrade-traffic.pl')] as const;

/** Answers every line that comes to a port, in both families, with its name; resolves when it listens. */
export async function answerOn(place: Place, port: number, name: string): Promise<Background> {
  const server = place.start([...TRAFFIC, 'answer', `${port}`, name]);
  await until(() => server.stdout().includes('ready'), `${name} does not listen`);
  return server;
}

/** Begins to ask. */
export function watch(place: Place, targets: readonly Target[]): Watch {
  const texts = targets.map(({ kind, address, port = 0, name = '' }) => [kind, address, port, name].join(','));
  const asking = place.start([...TRAFFIC, 'watch', ...texts]);
  return {
    async begun() {
      await until(() => asking.stdout().includes('round 1 '), `${place.name} cannot ask`);
    },
    async stop() {
      await asking.stop();
      const rounds = [...asking.stdout().matchAll(/^round (\d+) (\d+)$/gm)];
      const lines = (kind: string): readonly string[] => {
        const found = asking.stdout().matchAll(new RegExp(`^${kind} .*$`, 'gm'));
        return [...found].map(([line]) => `from ${place.name}: ${line}`);
      };
      return {
        answers: rounds.length * targets.length,
        worstMs: Math.max(0, ...rounds.map(([, , worst]) => Number(worst))),
        failures: lines('failed'),
        slow: lines('slow'),
      };
    },
  };
}

async function until(isDone: () => boolean, otherwise: string): Promise<void> {
  for (let waited = 0; !isDone(); waited += 10) {
    if (waited > 20_000) throw new Error(otherwise);
    await setTimeout(10);
  }
}
