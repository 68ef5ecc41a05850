import { setTimeout } from 'node:timers/promises';
import { compareLines } from '../../scripts/lib/network-state.ts';
import type { Outcome } from '../netns/harness/place.ts';
import type { ResultDocument } from '../netns/harness/plugin.ts';
import { type HostSnapshot, takeSnapshot } from '../netns/harness/snapshot.ts';
import { SHARED as SHARED_BY_PORTMAP } from '../netns/portmap/support.ts';
import { errorDocument } from '../protocol/expect-outcome.ts';
import { type Scene, Violation } from './faults-chains.ts';

/** How a call with a fault ended. */
export type Ending = 'succeeded' | 'failed' | 'again' | 'left' | 'missed';

/** Puts a call in which something fails; `isHit` tells whether it came about. */
export type FaultyCall = (scene: Scene, verb: string, result?: ResultDocument) => Promise<Outcome & { isHit: boolean }>;

/** The order of addresses, and where leases are looked up faster: neither is a promise. */
const HINTS = [
  /^file \/var\/lib\/cni\/networks\/[\w-]+\/(?:last_reserved_ip\.\d+|lock) /,
  /^file \/var\/lib\/cni\/networks\/\.cni-ts\b/,
  // What all containers of a backend share, which comes with its first: when the other backend cannot be used.
  /^host nft table inet cni_plugins_masquerade (?:\{|comment|chain (?:postrouting|masq_checks) (?:\{|comment|type)|chain postrouting )/,
  ...SHARED_BY_PORTMAP.filter(({ source }) => source.includes('cni_hostport')),
];

/** As long as a plan may take with its undoing, and a little more. */
const LONGEST_MS = 80_000;

/** How a scene has to look like again. */
export interface Before {
  readonly snapshot: HostSnapshot;
  /** Fingerprints of scenes that look like that: whoever has one of them need not be looked at any closer. */
  readonly fingerprints: Set<string>;
}

/** Tries a fault in an ADD: it fails and leaves nothing, or succeeds and CHECK and DEL agree. */
export async function tryAdd(scene: Scene, before: Before, faulty: FaultyCall): Promise<Ending> {
  const outcome = await faulty(scene, 'ADD');
  const ending = endingOf(outcome);
  if (outcome.exitCode === 0) {
    const result = JSON.parse(outcome.stdout) as ResultDocument;
    await scene.succeed('CHECK', result);
    await scene.succeed('DEL', result);
    await scene.afterDel();
  }
  await expectSame(scene, before, `ADD: ${outcome.stdout}${outcome.stderr}`);
  return ending;
}

/** Tries a fault in a DEL: it cleans up all the same, or says why not on stdout or at least stderr, and the next one does. */
export async function tryDel(scene: Scene, before: Before, faulty: FaultyCall): Promise<Ending> {
  const result = await scene.succeed('ADD');
  const outcome = await faulty(scene, 'DEL', result);
  const ending = endingOf(outcome);
  const isLeft = outcome.exitCode === 0 && outcome.stderr !== '' && (await differs(scene, before));
  if (outcome.exitCode !== 0 || isLeft) await scene.succeed('DEL', result);
  await scene.afterDel();
  await expectSame(scene, before, `DEL: ${outcome.stdout}${outcome.stderr}`);
  return isLeft && ending === 'succeeded' ? 'left' : ending;
}

/** What a scene has to look like again. */
export async function lookAt(scene: Scene): Promise<Before> {
  const fingerprint = await scene.host.fingerprint();
  const snapshot = await takeSnapshot(scene.host, { ignore: HINTS });
  const isSteady = fingerprint === (await scene.host.fingerprint());
  return { snapshot, fingerprints: new Set(isSteady ? [fingerprint] : []) };
}

/** What is different; nothing at once where the fingerprint is known. */
async function differenceTo(before: Before, scene: Scene): Promise<readonly string[]> {
  if (before.fingerprints.has(await scene.host.fingerprint())) return [];
  const { snapshot, fingerprints } = await lookAt(scene);
  const difference = compareLines(before.snapshot, snapshot);
  if (difference.length === 0) for (const fingerprint of fingerprints) before.fingerprints.add(fingerprint);
  return difference;
}

function endingOf(outcome: Outcome & { isHit: boolean }): Ending {
  const said = `${outcome.stdout}${outcome.stderr}`;
  if (outcome.ms > LONGEST_MS || outcome.exitCode === undefined)
    throw new Violation(`no end: ${outcome.ms} ms ${said}`);
  if (/at \S+ \(|\bat file:|\/\$bunfs/.test(said)) throw new Violation(`a stack trace: ${said}`);
  if (!outcome.isHit) return 'missed';
  if (outcome.exitCode === 0) return 'succeeded';
  try {
    return errorDocument(outcome)['code'] === 11 ? 'again' : 'failed';
  } catch (thrown) {
    throw new Violation(`exit status ${outcome.exitCode}, ${said}: ${String(thrown)}`);
  }
}

async function differs(scene: Scene, before: Before): Promise<boolean> {
  await scene.afterDel();
  return (await differenceTo(before, scene)).length > 0;
}

async function expectSame(scene: Scene, before: Before, what: string): Promise<void> {
  const deadline = performance.now() + 1500;
  for (;;) {
    const difference = await differenceTo(before, scene);
    if (difference.length === 0) return;
    if (performance.now() > deadline) throw new Violation([what, ...difference].join('\n  '));
    await setTimeout(20);
  }
}
