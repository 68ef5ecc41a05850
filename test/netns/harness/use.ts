import { afterAll, afterEach, beforeEach } from 'vitest';
import type { HostOptions } from './holder.ts';
import { createHost, type Host } from './host.ts';
import { expectRestored, type HostSnapshot, takeSnapshot } from './snapshot.ts';

/** How {@link useHost} looks after a host. */
export interface UseOptions extends HostOptions {
  /** What the host is called in messages. */
  readonly purpose?: string;
  /** Lines of a snapshot that tests may leave behind, with the reason beside it. */
  readonly mayStay?: readonly RegExp[];
}

/**
 * A host for the tests of a file or of a `describe`: after each test it must be as before it, and after the last it is gone.
 * Pods that a test adds are looked at by the test itself; they are removed after the check.
 *
 * @example
 * const host = await useHost();
 * test('ADD', async () => {
 *   const pod = await host.addPod();
 *   const { result } = await callPlugin(host, 'loopback', { verb: 'ADD', netns: pod.path, ifName: 'lo', conf });
 * });
 */
export async function useHost(options: UseOptions = {}): Promise<Host> {
  const host = await createHost(options.purpose, options);
  const ignore = options.mayStay ?? [];
  let before: HostSnapshot | undefined;
  let older: Host['pods'] = [];
  beforeEach(async () => {
    older = host.pods;
    before = await takeSnapshot(host, { ignore });
  });
  afterEach(async () => {
    try {
      // Before the pods go: a link that was left behind would go with the pod that has its other end.
      if (before !== undefined) await expectRestored(host, before, { pods: older, ignore });
    } finally {
      const newer = host.pods.filter((pod) => !older.includes(pod));
      await Promise.all(newer.map((pod) => pod.remove()));
    }
  });
  afterAll(() => host.dispose());
  return host;
}
