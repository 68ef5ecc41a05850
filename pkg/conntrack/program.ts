import type { Netns } from '../netns/netns.ts';
import { type Flow, isStale, type Target } from './stale.ts';

/** Flushes the flows that the targets make stale with the program `conntrack`; throws when there is none or it fails. */
export async function flushByProgram(place: Netns, targets: readonly Target[]): Promise<void> {
  for (const target of targets) {
    const flows = groupsOf(await listed(place, target));
    const local = await localAmong(place, flows);
    for (const flow of flows) {
      if (isStale(target, flow, (address) => local.has(address))) await forget(place, target, flow);
    }
  }
}

/** Whether a flow is stale depends on these four alone, so all that share them are deleted at once. */
function groupsOf(flows: readonly Flow[]): readonly Flow[] {
  return [...new Map(flows.map((flow) => [JSON.stringify(flow), flow])).values()];
}

async function listed(place: Netns, target: Target): Promise<readonly Flow[]> {
  const output = await run(place, ['conntrack', '-L', ...selecting(target)]);
  return output.split('\n').flatMap((line) => flowIn(line) ?? []);
}

/** The flow in a line of the list: the first `src= dst= sport= dport=` is the original direction, the second the reply. */
export function flowIn(line: string): Flow | undefined {
  const values = (key: string) => [...line.matchAll(new RegExp(`(?:^| )${key}=(\\S+)`, 'g'))].map(([, value]) => value);
  const [[destination], [, answeredBy]] = [values('dst'), values('src')];
  const [[port], [, answeredFrom]] = [values('dport'), values('sport')];
  if (destination === undefined || answeredBy === undefined) return undefined;
  return { destination, port: Number(port), answeredBy, answeredFrom: Number(answeredFrom) };
}

async function localAmong(place: Netns, flows: readonly Flow[]): Promise<ReadonlySet<string>> {
  const local = new Set<string>();
  for (const address of new Set(flows.map(({ destination }) => destination))) {
    // Where there is no way to, it is not here either.
    const { status, stdout } = await place.start({ argv: ['ip', 'route', 'get', address] }).outcome();
    if (status === 0 && stdout.startsWith('local ')) local.add(address);
  }
  return local;
}

async function forget(place: Netns, target: Target, flow: Flow): Promise<void> {
  const exactly = [
    ...['--orig-dst', flow.destination],
    ...['--reply-src', flow.answeredBy, '--reply-port-src', `${flow.answeredFrom}`],
  ];
  await run(place, ['conntrack', '-D', ...selecting(target), ...exactly]);
}

function selecting({ family, protocol, hostPort }: Target): readonly string[] {
  return ['-f', family === 4 ? 'ipv4' : 'ipv6', '-p', protocol, '--orig-port-dst', `${hostPort}`];
}

async function run(place: Netns, argv: readonly [string, ...string[]]): Promise<string> {
  const { status, stdout, stderr } = await place.start({ argv }).outcome();
  // It ends with 1 when there was nothing to delete, too.
  if (status === 0 || /\b0 flow entries have been/.test(stderr)) return stdout;
  throw new Error(`${argv.join(' ')}: ${stderr.trim() || `exit status ${status}`}`);
}
