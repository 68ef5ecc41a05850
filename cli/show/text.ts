import { ageOf } from '../age.ts';
import { plain, type Terminal } from '../terminal.ts';
import { type NodePicture, nameOf, portText, type ShownAttachment, type ShownBridge, shortId } from './picture.ts';

/** The picture for a terminal: each bridge a tree, with the containers as its leaves. */
export function showText({ bridges, masters, others }: NodePicture, now: number, terminal: Terminal): string {
  const used = bridges.filter(({ attachments, otherPorts }) => attachments.length + otherPorts.length > 0);
  const trees = used.map((bridge) => bridgeLines(bridge, now, terminal));
  const stacked = masters.filter(({ attachments }) => attachments.length > 0);
  trees.push(...stacked.map((master) => bridgeLines({ ...master, otherPorts: [] }, now, terminal)));
  if (others.length > 0) {
    const heading = terminal.style('bold', 'on no bridge of this host');
    trees.push([heading, ...branches(others, [], now, terminal)]);
  }
  const idle = bridges.filter((bridge) => !used.includes(bridge)).map(({ name }) => name);
  if (idle.length > 0) trees.push([terminal.style('dim', `bridges without containers: ${idle.join(', ')}`)]);
  if (trees.length === 0) return 'no container is attached to a network of this host\n';
  return `${trees.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function bridgeLines(bridge: ShownBridge, now: number, terminal: Terminal): readonly string[] {
  const { name, addresses, isUp, mtu, attachments, otherPorts } = bridge;
  const state = isUp ? terminal.style('green', 'up') : terminal.style('red', 'down');
  const heading = [terminal.style('bold', name), ...addresses, state, terminal.style('dim', `mtu ${mtu}`)];
  return [heading.join('  '), ...branches(attachments, otherPorts, now, terminal)];
}

function branches(
  attachments: readonly ShownAttachment[],
  otherPorts: readonly string[],
  now: number,
  terminal: Terminal,
): readonly string[] {
  const leaves = [
    ...attachments.map((one) => attachmentLines(one, now, terminal)),
    ...otherPorts.map((port) => [`${port}  ${terminal.style('dim', 'not known to this suite')}`]),
  ];
  return leaves.flatMap((lines, index) => {
    const isLast = index === leaves.length - 1;
    const [first, next] = isLast ? ['└─ ', '   '] : ['├─ ', '│  '];
    return lines.map((line, at) => terminal.style('dim', at === 0 ? first : next) + line);
  });
}

function attachmentLines(one: ShownAttachment, now: number, terminal: Terminal): string[] {
  const { hostLink, ifName, addresses, ports, network, containerId, netns, since, state, problems, pod } = one;
  const dim = (text: string): string => terminal.style('dim', text);
  // A container calls its links what it likes.
  const inside = plain(ifName);
  const links = hostLink === '' ? inside : `${hostLink} ${dim('──')} ${inside}`;
  const mark = { alive: terminal.style('green', '●'), dead: terminal.style('red', '✗'), unknown: dim('?') }[state];
  const facts = [
    `network ${network}`,
    ...(pod === undefined ? [] : [`container ${shortId(containerId)}`]),
    ...(since === undefined ? [] : [`for ${ageOf(Date.parse(since), now)}`]),
    ...(netns === '' ? [] : [netns]),
  ];
  return [
    `${links}  ${mark} ${terminal.style('bold', nameOf(one))}`,
    ...(addresses.length === 0 ? [] : [`   ${terminal.style('cyan', addresses.join('  '))}`]),
    ...(ports.length === 0 ? [] : [`   ports ${ports.map(portText).join(', ')}`]),
    `   ${dim(facts.join(' · '))}`,
    ...problems.map((problem) => `   ${terminal.style('red', `! ${problem}`)}`),
  ];
}
