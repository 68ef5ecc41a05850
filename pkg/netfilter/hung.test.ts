import { expect, test } from 'vitest';
import type { Netns } from '../netns/netns.ts';
import { ownNetns } from '../netns/own.ts';
import type { ProcessOutcome, ProcessRequest } from '../sys/process/process.ts';
import { addMasquerade, removeMasquerade } from './masquerade.ts';
import { listRules } from './nft-list.ts';
import { Site } from './program.ts';

const HUNG = { status: undefined, signal: 'SIGKILL', timedOut: true };
const KILLED = { status: undefined, signal: 'SIGKILL', timedOut: false };
const REFUSED = { status: 1, stderr: 'Error: Could not process rule: Device or resource busy' };

/** A place in which programs end as the test says. */
function placeWhere(endOf: (argv: readonly string[]) => Partial<ProcessOutcome>): Netns {
  return Object.create(ownNetns(), {
    start: {
      value: ({ argv }: ProcessRequest) => {
        const ended = { status: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' };
        return { outcome: async () => ({ ...ended, ...endOf(argv) }) };
      },
    },
  });
}

const KEY = { network: 'net', containerId: 'x', ifName: 'eth0' };
const isLook = (argv: readonly string[]) => argv.includes('list') || argv[0]?.endsWith('-save') === true;

test.each([
  ['hangs', () => HUNG],
  ['is killed', (argv: readonly string[]) => (isLook(argv) ? KILLED : {})],
  [
    'fails, and then hangs when it is asked whether it works',
    (argv: readonly string[]) => (isLook(argv) ? REFUSED : HUNG),
  ],
] as const)('rules are not believed to be gone because a program %s', async (_, endOf) => {
  for (const backend of ['iptables', 'nftables'] as const) {
    const context = { place: placeWhere(endOf), timeoutMs: 1000, onlyFilterPrograms: true };
    await expect(removeMasquerade(KEY, [backend]).run(context)).rejects.toThrow(
      /^running \[[^\]]+\]: (?:timed out|signal: SIGKILL|exit status 1: .+)$/m,
    );
  }
});

test('where nft does not work there are none', async () => {
  const site = new Site({ place: placeWhere(() => REFUSED), timeoutMs: 1000 });
  expect(await listRules(site, 'chain', 'inet', 'x', 'y')).toBeUndefined();
});

test('iptables that hangs is no reason to take nft', async () => {
  const started: string[] = [];
  const place = placeWhere((argv) => {
    started.push(argv.join(' '));
    return argv[0] === 'nft' ? { stdout: 'nftables v1.0.6' } : HUNG;
  });
  const adding = addMasquerade({ ...KEY, addresses: ['10.1.0.2/24'] }, undefined);
  const running = adding.run({ place, timeoutMs: 1000, onlyFilterPrograms: true });
  await expect(running).rejects.toThrow('iptables-restore');
  expect(started).not.toContain('nft -f -');
});
