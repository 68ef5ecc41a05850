import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ROOT } from '../../../scripts/lib/project.ts';
import type { Background, Place } from './place.ts';

/** Protocols that have ports. */
export type Protocol = 'tcp' | 'udp' | 'sctp';

/** Where somebody is asked; `from` is the port that is asked from, without it any. */
export interface Question {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  readonly from?: number;
}

/** Perl is part of every Debian, and starts in a few milliseconds. */
const EXCHANGE = ['perl', join(ROOT, 'test/netns/harness/exchange.pl')] as const;

/** Answers everything that comes to a port, in both families, with `NAME SOURCE-ADDRESS`; resolves when it listens. */
export async function serve(place: Place, protocol: Protocol, port: number, name: string): Promise<Background> {
  const server = place.start([...EXCHANGE, 'serve', protocol, `${port}`, name]);
  for (let waited = 0; !server.stdout().includes('ready'); waited += 5) {
    if (waited > 5000) throw new Error(`${name} does not listen on ${protocol} ${port}`);
    await setTimeout(5);
  }
  return server;
}

/** What is answered within so many seconds; `undefined` when nothing is. Over SCTP one asks from a port of one's own. */
export async function ask(place: Place, question: Question, seconds = 5): Promise<string | undefined> {
  const { protocol, address, port, from = protocol === 'sctp' ? 40_000 : 0 } = question;
  const argv = [...EXCHANGE, 'ask', protocol, address, `${port}`, `${from}`, `${seconds}`];
  const { exitCode, stdout } = await place.run(argv);
  return exitCode === 0 ? stdout.trim() : undefined;
}

/** Asks again and again on one socket; every answer is a line of its stdout. */
export function askOn(place: Place, { protocol, address, port, from = 0 }: Question): Background {
  return place.start([...EXCHANGE, 'ask-on', protocol, address, `${port}`, `${from}`]);
}
