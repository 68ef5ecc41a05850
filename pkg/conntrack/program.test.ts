import { expect, test } from 'vitest';
import type { Netns } from '../netns/netns.ts';
import type { ProcessOutcome, ProcessRequest } from '../sys/process/process.ts';
import { flushFlows } from './flush.ts';
import { flowIn, flushByProgram } from './program.ts';
import { targetsOf } from './stale.ts';

const LINE =
  'udp      17 29 src=192.0.2.2 dst=192.0.2.1 sport=4001 dport=5353 [UNREPLIED] src=10.1.0.3 dst=192.0.2.2 sport=53 dport=4001 mark=0 use=1';
const ADDED = {
  protocol: 'udp',
  hostPort: 5353,
  container: { address: '10.1.0.2', port: 53 },
  moment: 'added',
} as const;

/** A place where programs say what they are told to, and nothing is run. */
function placeWhere(answers: Readonly<Record<string, Partial<ProcessOutcome>>>) {
  const lines: string[] = [];
  const start = ({ argv }: ProcessRequest) => {
    const line = argv.join(' ');
    lines.push(line);
    const found = Object.keys(answers).find((beginning) => line.startsWith(beginning));
    const outcome = { status: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' };
    return { outcome: async () => ({ ...outcome, ...(found === undefined ? {} : answers[found]) }) };
  };
  return { lines, place: { canEnter: false, start } as unknown as Netns };
}

test('the line of a flow', () => {
  const flow = { destination: '192.0.2.1', port: 5353, answeredBy: '10.1.0.3', answeredFrom: 53 };
  expect(flowIn(LINE)).toEqual(flow);
  expect(flowIn('')).toBeUndefined();
  const sctp =
    'sctp     132 9 COOKIE_WAIT src=fd00::1 dst=fd00::2 sport=1 dport=2 src=fd00::3 dst=fd00::1 sport=4 dport=1';
  expect(flowIn(sctp)).toEqual({ destination: 'fd00::2', port: 2, answeredBy: 'fd00::3', answeredFrom: 4 });
});

test('one deletion for all flows that go the same way, with all that makes them stale', async () => {
  const other = LINE.replaceAll('4001', '4002');
  const { lines, place } = placeWhere({
    'conntrack -L': { stdout: `${LINE}\n${other}\n` },
    'ip route get': { stdout: 'local 192.0.2.1 dev lo' },
  });
  await flushByProgram(place, targetsOf([ADDED]));
  expect(lines).toEqual([
    'conntrack -L -f ipv4 -p udp --orig-port-dst 5353',
    'ip route get 192.0.2.1',
    'conntrack -D -f ipv4 -p udp --orig-port-dst 5353 --orig-dst 192.0.2.1 --reply-src 10.1.0.3 --reply-port-src 53',
  ]);
});

test('what ended meanwhile need not be deleted', async () => {
  const none = 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.';
  const { place } = placeWhere({
    'conntrack -L': { stdout: LINE },
    'conntrack -D': { status: 1, stderr: none },
    'ip route get': { stdout: 'local 192.0.2.1 dev lo' },
  });
  expect(await flushFlows(place, [ADDED])).toBeUndefined();
});

test('a failure is a warning that says which ports, why, and what to do', async () => {
  const { place } = placeWhere({ 'conntrack -L': { status: 1, stderr: 'Operation not supported' } });
  const sctp = { ...ADDED, protocol: 'sctp', hostPort: 9 } as const;
  expect(await flushFlows(place, [ADDED, ADDED, sctp])).toMatch(
    /^flows to host ports \(udp 5353, sctp 9\).*Operation not supported.*nf_conntrack_netlink/,
  );
  expect(await flushFlows(place, [])).toBeUndefined();
});
