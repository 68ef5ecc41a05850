import { ageOf } from '../age.ts';
import { type NodePicture, nameOf, portText, type ShownAttachment, shortId } from './picture.ts';
import { BRIDGE, CABLE, CARD, COLOURS, escaped, FONT, GROUP_GAP, HEADING, MARGIN, text } from './svg-parts.ts';

/** What hangs on one bridge, or on none. */
interface Group {
  readonly title: string;
  readonly lines: readonly string[];
  readonly isUp: boolean;
  readonly cards: readonly Card[];
}

/** One container, or a port that nobody knows. */
interface Card {
  readonly title: string;
  readonly state: ShownAttachment['state'];
  readonly cable: string;
  readonly rows: readonly Row[];
}

interface Row {
  readonly text: string;
  readonly colour: string;
  readonly isMono?: true;
}

/** The picture as an SVG document: bridges on the left, their containers on the right, a cable to each. */
export function drawing(picture: NodePicture, now: number): string {
  const groups = groupsOf(picture, now);
  const width = MARGIN * 2 + BRIDGE.width + CABLE + CARD.width;
  const parts: string[] = [];
  let y = MARGIN + HEADING;
  for (const group of groups) {
    const height = groupHeight(group);
    parts.push(drawGroup(group, y, height));
    y += height + GROUP_GAP;
  }
  if (groups.length === 0) {
    parts.push(text(MARGIN, y + 20, 'no container is attached to a network of this host', { fill: COLOURS.soft }));
    y += 40 + GROUP_GAP;
  }
  const height = y - GROUP_GAP + MARGIN;
  const shown = [...picture.bridges, ...picture.masters];
  const count = shown.reduce((sum, { attachments }) => sum + attachments.length, picture.others.length);
  const title = `Networks of ${picture.host}`;
  const subtitle = `${count} ${count === 1 ? 'attachment' : 'attachments'}, ${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(FONT)}" font-size="14">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${COLOURS.paper}"/>`,
    text(MARGIN, MARGIN + 18, title, { size: 22, weight: 600 }),
    text(MARGIN, MARGIN + 40, subtitle, { fill: COLOURS.soft }),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function groupsOf({ bridges, masters, others }: NodePicture, now: number): readonly Group[] {
  const groups: Group[] = bridges.map(({ name, addresses, isUp, mtu, attachments, otherPorts }) => ({
    title: name,
    lines: [...addresses, `mtu ${mtu}${isUp ? '' : ', down'}`],
    isUp,
    cards: [...attachments.map((one) => cardOf(one, now)), ...otherPorts.map(unknownCard)],
  }));
  for (const { name, addresses, isUp, mtu, isUplink, attachments } of masters) {
    const about = [...(isUplink ? ['uplink'] : []), `mtu ${mtu}`, ...(isUp ? [] : ['down'])];
    const cards = attachments.map((one) => cardOf(one, now));
    groups.push({ title: name, lines: [...addresses, about.join(', ')], isUp, cards });
  }
  if (others.length > 0) {
    groups.push({ title: 'on no bridge', lines: [], isUp: false, cards: others.map((one) => cardOf(one, now)) });
  }
  return groups;
}

function cardOf(one: ShownAttachment, now: number): Card {
  const { pod, containerId, ifName, network, since, addresses, ports, hostLink, state, problems } = one;
  const age = since === undefined ? [] : [`for ${ageOf(Date.parse(since), now)}`];
  const id = pod === undefined ? [] : [`container ${shortId(containerId)}`];
  return {
    title: nameOf(one),
    state,
    cable: hostLink,
    rows: [
      { text: `${ifName}  ${addresses.join('  ')}`, colour: COLOURS.address, isMono: true },
      ...portRows(ports.map(portText)),
      { text: [`network ${network}`, ...age, ...id].join('  ·  '), colour: COLOURS.soft },
      ...problems.map((problem) => ({ text: problem, colour: COLOURS.dead })),
    ],
  };
}

/** A few ports to a line. */
function portRows(ports: readonly string[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < ports.length; at += 3) {
    rows.push({ text: ports.slice(at, at + 3).join('   '), colour: COLOURS.ink, isMono: true });
  }
  return rows;
}

function unknownCard(port: string): Card {
  const rows = [{ text: 'a port that this suite knows nothing of', colour: COLOURS.soft }];
  return { title: port, state: 'unknown', cable: '', rows };
}

function cardHeight({ rows }: Card): number {
  return CARD.padding * 2 + 20 + rows.length * CARD.line;
}

function groupHeight({ cards, lines }: Group): number {
  const all = cards.reduce((sum, card) => sum + cardHeight(card) + CARD.gap, 0) - CARD.gap;
  return Math.max(bridgeHeight(lines), all);
}

function bridgeHeight(lines: readonly string[]): number {
  return Math.max(BRIDGE.height, 46 + lines.length * 19 + 12);
}

function drawGroup({ title, lines, isUp, cards }: Group, top: number, height: number): string {
  const boxHeight = bridgeHeight(lines);
  const boxTop = top + (height - boxHeight) / 2;
  const from = { x: MARGIN + BRIDGE.width, y: boxTop + boxHeight / 2 };
  const cardX = from.x + CABLE;
  const cables: string[] = [];
  const boxes: string[] = [];
  let y = top;
  for (const card of cards) {
    const own = cardHeight(card);
    cables.push(drawCable(from, { x: cardX, y: y + own / 2 }, card));
    boxes.push(drawCard(card, cardX, y, own));
    y += own + CARD.gap;
  }
  const fill = isUp ? COLOURS.bridge : COLOURS.unknown;
  const box = [
    `<rect x="${MARGIN}" y="${boxTop}" width="${BRIDGE.width}" height="${boxHeight}" rx="10" fill="${fill}"/>`,
    text(MARGIN + 18, boxTop + 32, title, { fill: COLOURS.onBridge, size: 18, weight: 600 }),
    ...lines.map((line, index) =>
      text(MARGIN + 18, boxTop + 57 + index * 19, line, { fill: COLOURS.softOnBridge, size: 13, isMono: true }),
    ),
  ];
  return [...cables, ...box, ...boxes].join('\n');
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve from the bridge to the container, with the name of the host's end above its straight last part. */
function drawCable(from: Point, to: Point, { state, cable }: Card): string {
  const [middle, bend] = [from.x + 38, from.x + 76];
  const path = `M${from.x} ${from.y} C${middle} ${from.y} ${middle} ${to.y} ${bend} ${to.y} L${to.x} ${to.y}`;
  const colour = state === 'dead' ? COLOURS.dead : COLOURS.line;
  const dashes = state === 'alive' ? '' : ' stroke-dasharray="5 5"';
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`,
    text(to.x - 12, to.y - 8, cable, { fill: COLOURS.soft, size: 12, isMono: true, anchor: 'end' }),
  ].join('\n');
}

function drawCard({ title, state, rows }: Card, x: number, y: number, height: number): string {
  const colour = COLOURS[state];
  const lines = rows.map((row, index) =>
    text(x + CARD.padding + 18, y + CARD.padding + 36 + index * CARD.line, row.text, {
      fill: row.colour,
      size: 13,
      ...(row.isMono === true ? { isMono: true } : {}),
    }),
  );
  return [
    `<rect x="${x}" y="${y}" width="${CARD.width}" height="${height}" rx="10" fill="${COLOURS.card}" stroke="${COLOURS.border}"/>`,
    `<circle cx="${x + CARD.padding + 4}" cy="${y + CARD.padding + 9}" r="5" fill="${colour}"/>`,
    text(x + CARD.padding + 18, y + CARD.padding + 14, title, { weight: 600, size: 15 }),
    ...lines,
  ].join('\n');
}
