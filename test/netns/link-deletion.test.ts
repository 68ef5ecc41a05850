import { readdirSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

/** The processes that run a program. */
function processesOf(program: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(program);
    } catch {
      return false;
    }
  });
}

test('a deleted link is gone when the deletion returns, long before the kernel lets go of who asked', async () => {
  const executable = await driver('test/netns/link-deletion-driver.ts');
  const { stdout, stderr } = await host.run([executable]);
  expect(stderr).toBe('');
  const said = JSON.parse(stdout) as { milliseconds: number[]; seen: string[]; names: string[]; refused: string[] };
  expect(said.seen).toEqual([]);
  expect(said.names).toEqual(['lo']);
  expect(said.refused).toEqual(['ENODEV', 'EOPNOTSUPP']);
  expect(said.milliseconds).toHaveLength(20);
  // The same by whoever waits, on the same machine in the same minute.
  const waited: number[] = [];
  for (let round = 0; round < 5; round++) {
    await host.ip('link add name a type veth peer name b');
    const start = performance.now();
    await host.ip('link del dev a');
    waited.push(performance.now() - start);
  }
  expect(Math.min(...said.milliseconds)).toBeLessThan(Math.min(...waited));
  // The children that wait end by themselves.
  await vi.waitFor(() => expect(processesOf(executable)).toEqual([]), 5000);
});
