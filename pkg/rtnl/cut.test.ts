import { describe, expect, test } from 'vitest';
import { bridge, type IpCommand, ip, tc } from '../ip/command.ts';
import { nativeForm } from './commands.ts';
import { linkState } from './link/state.ts';
import { vlanForm } from './link/vlan.ts';
import { type Attribute, messagesIn, nested, request, textBytes } from './message.ts';
import { ruleForm } from './route/rules.ts';
import type { RtnlSocket } from './socket.ts';
import { tcForm } from './tc/forms.ts';

/** A socket that is always answered with the same message. */
function answering(type: number, header: readonly number[], attributes: readonly Attribute[]): RtnlSocket {
  const bytes = request(type, 2, Uint8Array.from(header), attributes);
  return { indices: new Map([['if3', 3]]), exchange: () => messagesIn(bytes) } as unknown as RtnlSocket;
}

/** What a command gives then. */
function output(command: IpCommand, ...[type, header, attributes]: Parameters<typeof answering>): unknown {
  const form = nativeForm(command) ?? ruleForm(command) ?? tcForm(command) ?? vlanForm(command);
  if (form === undefined) throw new Error(`no form: ${command}`);
  return form(answering(type, header, attributes));
}

/** Attributes of these types with nothing in them, and with a byte. */
function cut(...types: readonly number[]): readonly Attribute[][] {
  return [new Uint8Array(), Uint8Array.of(7)].map((value) => types.map((type): Attribute => [type, value]));
}

const zeros = (count: number): number[] => Array<number>(count).fill(0);
const LINK = [0, 0, 0, 0, 3, ...zeros(11)];
const NAME: Attribute = [3, textBytes('if3')];

describe('an attribute that is cut off is as good as none', () => {
  test.each(cut(4, 5, 10, 13, 18, 29, 30, 37))('of a link', (...attributes) => {
    const shown = output(ip`-d link show`, 16, LINK, [NAME, ...attributes]);
    expect(shown).toMatchObject([{ ifindex: 3, ifname: 'if3', mtu: 0 }]);
    expect(shown).not.toHaveProperty('0.link_netnsid');
  });

  test.each(['bridge', 'ipvlan', 'macvlan', 'vlan', 'vrf'])('of a link of the kind %s', (kind) => {
    for (const data of cut(1, 2, 4, 7, 33)) {
      const info = nested([
        [1, textBytes(kind)],
        [2, nested(data)],
        [4, textBytes('bridge')],
        [5, nested(data)],
      ]);
      expect(output(ip`-d link show`, 16, LINK, [NAME, [18, info]])).toMatchObject([{ ifname: 'if3' }]);
    }
  });

  test.each(cut(1, 8))('of what a link has said', (...settings) => {
    const families = nested([[10, nested(settings)]]);
    const speech = linkState(answering(16, LINK, [NAME, [26, families]]), 'if3');
    expect(speech).toMatchObject({ hasAskedForRouters: false });
  });

  test.each(cut(1, 2, 4, 6, 8))('of an address', (...attributes) => {
    const shown = output(ip`addr show dev ${'if3'}`, 20, [2, 24, 0, 0, 3, ...zeros(11)], attributes);
    expect(shown).toMatchObject([{ addr_info: [{ local: '', prefixlen: 24 }] }]);
  });

  test.each(cut(1, 4, 5, 6, 7, 8, 15, 18))('of a route', (...attributes) => {
    const header = [2, 24, 0, 0, 254, 3, 0, 1, ...zeros(4)];
    expect(output(ip`-4 route show table main`, 24, header, attributes)).toMatchObject([{ dst: '/24' }]);
    expect(output(ip`-4 -N route show table all`, 24, header, attributes)).toMatchObject([{ dst: '/24' }]);
  });

  test.each(cut(1, 2, 6, 10, 15))('of a rule', (...attributes) => {
    const shown = output(ip`-4 -N rule show`, 32, [2, 0, 24, 0, 100, ...zeros(7)], attributes);
    expect(shown).toMatchObject([{ priority: 0, table: '100' }]);
  });

  test.each(cut(1, 2, 4))('of a queue and a filter', (...inner) => {
    const bucket: Attribute[] = [
      [1, textBytes('tbf')],
      [2, nested(inner)],
    ];
    expect(output(tc`-r qdisc show dev ${'if3'}`, 36, [...LINK, ...zeros(4)], bucket)).toMatchObject([{ options: {} }]);
    const action = nested([
      [1, textBytes('mirred')],
      [2, nested(inner)],
    ]);
    const filter: Attribute[] = [
      [1, textBytes('u32')],
      [2, nested([[7, nested([[1, action]])]])],
    ];
    const shown = output(tc`filter show dev ${'if3'} parent ffff:`, 44, [...LINK, ...zeros(4)], filter);
    expect(shown).toEqual([{ kind: 'u32', options: { actions: [{ kind: 'mirred' }] } }]);
  });
});

describe('a message that ends in its own header is passed over', () => {
  test.each([
    ip`-d link show`,
    ip`-4 route show table main`,
    ip`-4 -N route show table all`,
    ip`route get ${'10.1.0.2'}`,
    ip`-4 -N rule show`,
    tc`-r qdisc show dev ${'if3'}`,
    tc`filter show dev ${'if3'} parent ffff:`,
    bridge`-compressvlans vlan show dev ${'if3'}`,
  ])('%s', (command) => {
    for (const length of [0, 4]) expect(output(command, 16, zeros(length), [])).toEqual([]);
  });

  test('and where one is needed it is the kernel that gave none', () => {
    expect(() => output(ip`link show dev ${'eth0'}`, 16, zeros(8), [])).toThrow('the kernel gave no link');
    expect(() => linkState(answering(16, [], []), 'eth0')).toThrow('the kernel gave no link');
  });
});
