import type { Netns } from '../netns/netns.ts';
import { type Flow, type PortTargets, type Target, targetsByPort } from './stale.ts';

/** From so many ports of a protocol on, all its flows are listed once. */
const MOST_LISTS = 8;

/** Flushes the flows that the targets make stale with the program `conntrack`; throws when there is none or it fails. */
export async function flushByProgram(place: Netns, targets: readonly Target[]): Promise<void> {
  const local = new Map<string, boolean>();
  for (const ports of byProtocol(targetsByPort(targets)).values()) {
    const listed = ports.length > MOST_LISTS ? await listedByPort(place, ports) : undefined;
    for (const one of ports) {
      const flows = groupsOf(listed === undefined ? await listedTo(place, one) : (listed.get(one.hostPort) ?? []));
      for (const flow of flows) {
        // Finding out whether an address is local takes a process.
        if (!one.makeStale(flow, () => true)) continue;
        const { destination } = flow;
        const isLocal = local.get(destination) ?? (await isLocalAddress(place, destination));
        local.set(destination, isLocal);
        if (one.makeStale(flow, () => isLocal)) await forget(place, one, flow);
      }
    }
  }
}

function byProtocol(ports: readonly PortTargets[]): ReadonlyMap<string, readonly PortTargets[]> {
  const protocols = new Map<string, PortTargets[]>();
  for (const one of ports) {
    const known = protocols.get(`${one.family} ${one.protocol}`);
    if (known === undefined) protocols.set(`${one.family} ${one.protocol}`, [one]);
    else known.push(one);
  }
  return protocols;
}

/** Whether a flow is stale depends on these four alone, so all that share them are deleted at once. */
function groupsOf(flows: readonly Flow[]): readonly Flow[] {
  return [...new Map(flows.map((flow) => [JSON.stringify(flow), flow])).values()];
}

async function listedTo(place: Netns, port: PortTargets): Promise<readonly Flow[]> {
  const output = await run(place, ['conntrack', '-L', ...selecting(port)]);
  return output.split('\n').flatMap((line) => flowIn(line) ?? []);
}

async function listedByPort(place: Netns, ports: readonly PortTargets[]): Promise<ReadonlyMap<number, Flow[]>> {
  const flows = new Map<number, Flow[]>();
  for (const { hostPort } of ports) flows.set(hostPort, []);
  const [first] = ports;
  if (first === undefined) return flows;
  for (const line of (await run(place, ['conntrack', '-L', ...protocolOf(first)])).split('\n')) {
    const flow = flowIn(line);
    if (flow !== undefined) flows.get(flow.port)?.push(flow);
  }
  return flows;
}

/** The flow in a line of the list: the first `src= dst= sport= dport=` is the original direction, the second the reply. */
export function flowIn(line: string): Flow | undefined {
  const values = (key: string) => [...line.matchAll(new RegExp(`(?:^| )${key}=(\\S+)`, 'g'))].map(([, value]) => value);
  const [[destination], [, answeredBy]] = [values('dst'), values('src')];
  const [[port], [, answeredFrom]] = [values('dport'), values('sport')];
  if (destination === undefined || answeredBy === undefined) return undefined;
  return { destination, port: Number(port), answeredBy, answeredFrom: Number(answeredFrom) };
}

async function isLocalAddress(place: Netns, address: string): Promise<boolean> {
  // Where there is no way to, it is not here either.
  const { status, stdout } = await place.start({ argv: ['ip', 'route', 'get', address] }).outcome();
  return status === 0 && stdout.startsWith('local ');
}

async function forget(place: Netns, port: PortTargets, flow: Flow): Promise<void> {
  const exactly = [
    ...['--orig-dst', flow.destination],
    ...['--reply-src', flow.answeredBy, '--reply-port-src', `${flow.answeredFrom}`],
  ];
  await run(place, ['conntrack', '-D', ...selecting(port), ...exactly]);
}

function selecting(port: PortTargets): readonly string[] {
  return [...protocolOf(port), '--orig-port-dst', `${port.hostPort}`];
}

function protocolOf({ family, protocol }: PortTargets): readonly string[] {
  return ['-f', family === 4 ? 'ipv4' : 'ipv6', '-p', protocol];
}

async function run(place: Netns, argv: readonly [string, ...string[]]): Promise<string> {
  const { status, stdout, stderr } = await place.start({ argv }).outcome();
  // It ends with 1 when there was nothing to delete, too.
  if (status === 0 || /\b0 flow entries have been/.test(stderr)) return stdout;
  throw new Error(`${argv.join(' ')}: ${stderr.trim() || `exit status ${status}`}`);
}
