import { describe, expect, test } from 'vitest';
import { type IpCommand, ip } from '../ip/command.ts';
import { nativeForm } from './commands.ts';
import { RtnlError, type RtnlSocket } from './socket.ts';

/** The answer to whoever asks for a link that was deleted. */
function gone(): never {
  throw new RtnlError(-19, '');
}

/** What a command sends where `br` has the index 2 and `v` the index 3, in hexadecimal and without the header's length. */
function sentBy(command: IpCommand): readonly string[] {
  const sent: string[] = [];
  const indices = new Map([
    ['br', 2],
    ['v', 3],
  ]);
  const socket = {
    // Nobody here could be asked for them again.
    indices: Object.assign(indices, { clear: () => {} }),
    exchange: (bytes: Uint8Array) => void sent.push(Buffer.from(bytes).toString('hex')),
    exchangeByChild(bytes: Uint8Array) {
      this.exchange(bytes);
      this.exchange = gone;
    },
    exchangeWithNetns(path: string, request: (fd: number) => Uint8Array) {
      sent.push(path);
      this.exchange(request(9));
    },
  };
  nativeForm(command)?.(socket as unknown as RtnlSocket);
  return sent;
}

/** Message header, up to the sequence number and the port, which `ip` fills and the kernel only repeats. */
function header(length: number, type: number, flags: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  return bytes.toString('hex');
}

function compact(...parts: readonly string[]): string {
  return parts.join('').replaceAll(' ', '');
}

const NO_LINK = '00'.repeat(16);

describe('what is sent is what ip sends', () => {
  test('a bridge', () => {
    expect(sentBy(ip`link add name br mtu 1400 address 02:00:00:00:00:0a type bridge vlan_filtering 1`)).toEqual([
      compact(
        header(88, 16, 0x605),
        NO_LINK,
        '0700 0300 627200 00',
        '0800 0400 78050000',
        '0a00 0100 02000000000a 0000',
        '1c00 1200',
        '0a00 0100 627269646765 0000',
        '0c00 0200 0500 0700 01 000000',
      ),
    ]);
  });

  test('a veth with its other end in an open namespace', () => {
    const command = ip`link add name v txqueuelen 5 type veth peer name p mtu 1300 address 02:00:00:00:00:03 netns /n`;
    expect(sentBy(command)).toEqual([
      '/n',
      compact(
        header(120, 16, 0x605),
        NO_LINK,
        '0600 0300 7600 0000',
        '0800 0d00 05000000',
        '4800 1200',
        '0800 0100 76657468',
        '3c00 0200 3800 0100',
        NO_LINK,
        '0600 0300 7000 0000',
        '0800 0400 14050000',
        '0a00 0100 020000000003 0000',
        '0800 1c00 09000000',
      ),
    ]);
  });

  test('an ipvlan, a VLAN and a dummy', () => {
    const above = (length: number) => [header(length, 16, 0x605), NO_LINK, '0800 0500 02000000', '0600 0300 6e00 0000'];
    expect(sentBy(ip`link add link br name n netns /n type ipvlan mode l3s`)).toEqual([
      '/n',
      compact(
        ...above(92),
        '0800 1c00 09000000',
        '2400 1200',
        '0a00 0100 6970766c616e 0000',
        '1400 0200 0600 0100 0200 0000 0600 0200 0000 0000',
      ),
    ]);
    expect(sentBy(ip`link add link br name n mtu 1400 type vlan id 4094`)).toEqual([
      compact(...above(80), '0800 0400 78050000', '1800 1200', '0800 0100 766c616e', '0c00 0200 0600 0100 fe0f 0000'),
    ]);
    expect(sentBy(ip`link add name n type dummy`)).toEqual([
      compact(header(56, 16, 0x605), NO_LINK, '0600 0300 6e00 0000', '1000 1200', '0900 0100 64756d6d79 000000'),
    ]);
  });

  test('many settings of a link at once, found by its name', () => {
    expect(sentBy(ip`link set dev v down up master br mtu 1300 alias a/b promisc off`)).toEqual([
      compact(
        header(64, 16, 0x5),
        '00000000 00000000 01000000 01010000',
        '0600 0300 7600 0000',
        '0800 0400 14050000',
        '0700 1400 612f62 00',
        '0800 0a00 02000000',
      ),
    ]);
  });

  test('a new name, the link found by its index', () => {
    const sent = [compact(header(40, 16, 0x5), '00000000 03000000 00000000 01000000', '0600 0300 7700 0000')];
    expect(sentBy(ip`link set dev v down name w`)).toEqual(sent);
  });

  test('a move, a removal, and what a port of a bridge does', () => {
    const index = '00000000 03000000 00000000 00000000';
    expect(sentBy(ip`link set dev v netns /n`)).toEqual([
      '/n',
      compact(header(40, 16, 0x5), index, '0800 1c00 09000000'),
    ]);
    expect(sentBy(ip`link del dev v`)).toEqual([compact(header(40, 17, 0xd), NO_LINK, '0600 0300 7600 0000')]);
    expect(sentBy(ip`link set dev v type bridge_slave hairpin on isolated off`)).toEqual([
      compact(
        header(76, 16, 0x5),
        NO_LINK,
        '0600 0300 7600 0000',
        '2400 1200',
        '0a00 0400 627269646765 0000',
        '1400 0500 0500 0400 01 000000 0500 2100 00 000000',
      ),
    ]);
  });

  test.each([
    [ip`addr add 10.1.0.1/24 dev br`, 20, 0x605, '02 18 00 00', '0800 0200 0a010001', '0800 0100 0a010001'],
    [ip`addr add 127.0.0.9/8 dev br nodad`, 20, 0x605, '02 08 00 fe', '0800 0200 7f000009', '0800 0100 7f000009'],
    [ip`addr del 127.0.0.9/8 dev br`, 21, 0x5, '02 08 00 00', '0800 0200 7f000009', '0800 0100 7f000009'],
  ])('%s', (command, type, flags, start, ...attributes) => {
    expect(sentBy(command)).toEqual([compact(header(40, type, flags), start, '02000000', ...attributes)]);
  });

  test('an IPv6 address that nobody else is asked about', () => {
    const bytes = 'fd00 0000 0000 0000 0000 0000 0102 0304';
    expect(sentBy(ip`addr add fd00::1.2.3.4/64 dev br nodad`)).toEqual([
      compact(header(64, 20, 0x605), '0a 40 02 00 02000000', '1400 0200', bytes, '1400 0100', bytes),
    ]);
  });

  test.each([
    [ip`route add 10.5.0.0/16 dev br`, 24, 0x605, '02 10 00 00 fe 03 fd 01 00000000'],
    [ip`route add 10.5.0.0/16 dev br scope 77 onlink`, 24, 0x605, '02 10 00 00 fe 03 4d 01 04000000'],
    [ip`route prepend 10.5.0.0/16 dev br table 100`, 24, 0x405, '02 10 00 00 64 03 fd 01 00000000'],
    [ip`route replace 10.5.0.0/16 dev br`, 24, 0x505, '02 10 00 00 fe 03 fd 01 00000000'],
    [ip`route append 10.5.0.0/16 dev br`, 24, 0xc05, '02 10 00 00 fe 03 fd 01 00000000'],
    [ip`route del 10.5.0.0/16 dev br`, 25, 0x5, '02 10 00 00 fe 00 ff 00 00000000'],
  ])('%s', (command, type, flags, start) => {
    const attributes = '0800 0100 0a050000 0800 0400 02000000';
    expect(sentBy(command)).toEqual([compact(header(44, type, flags), start, attributes)]);
  });

  test('a route with all there is', () => {
    expect(sentBy(ip`route add 10.5.0.0/16 via 10.1.0.2 dev br src 10.1.0.1 metric 5 table 1000`)).toEqual([
      compact(
        header(76, 24, 0x605),
        '02 10 00 00 00 03 00 01 00000000',
        '0800 0100 0a050000',
        '0800 0500 0a010002',
        '0800 0700 0a010001',
        '0800 0600 05000000',
        '0800 0f00 e8030000',
        '0800 0400 02000000',
      ),
    ]);
    expect(sentBy(ip`route del ::/0 via fe80::1 dev br`)).toEqual([
      compact(
        header(76, 25, 0x5),
        '0a 00 00 00 fe 00 00 00 00000000',
        `1400 0100 ${'00'.repeat(16)}`,
        '1400 0500 fe80 0000 0000 0000 0000 0000 0000 0001',
        '0800 0400 02000000',
      ),
    ]);
  });

  test('what can change names makes them forgotten', () => {
    const forgets = (command: IpCommand): boolean => {
      const indices = new Map([['v', 3]]);
      nativeForm(command)?.({
        indices,
        exchange: () => [{ body: new DataView(new ArrayBuffer(16)) }],
        exchangeByChild: () => {},
        exchangeWithNetns: () => [],
      } as unknown as RtnlSocket);
      return indices.size === 0;
    };
    expect(forgets(ip`link add name w type veth peer name x`)).toBe(true);
    expect(forgets(ip`link del dev v`)).toBe(true);
    expect(forgets(ip`link set dev v name w`)).toBe(true);
    expect(forgets(ip`link set dev v netns /n`)).toBe(true);
    expect(forgets(ip`link set dev v up`)).toBe(false);
    expect(forgets(ip`addr add 10.1.0.1/24 dev v`)).toBe(false);
  });
});

describe('which commands have a native form', () => {
  test.each([
    ip`addr show dev lo`,
    ip`-d addr show dev lo`,
    ip`link show dev lo`,
    ip`link show`,
    ip`-d link show`,
    ip`link show master br`,
    ip`link set dev lo up`,
    ip`link add name v netns /n type bridge`,
    ip`link add link eth0 name m netns /n type macvlan mode bridge`,
    ip`link add link eth0 name m type macvlan mode private bcqueuelen 500`,
    ip`link add link eth0 name i netns /n type ipvlan mode l3s`,
    ip`link add link eth0 name v mtu 1400 netns /n type vlan id 5`,
    ip`link add name d type dummy`,
    ip`-4 route show table main`,
    ip`route get 10.0.0.1`,
  ])('%s', (command) => {
    expect(nativeForm(command)).not.toBe(undefined);
  });

  test.each([
    ip`-6 addr show dev lo`,
    ip`-d -6 addr show dev lo`,
    ip`addr show lo`,
    ip`addr show dev lo scope host`,
    ip`addr show dev a-name-of-16-byte`,
    ip`-d link show master br`,
    ip`link set lo up`,
    ip`link set dev lo`,
    ip`link set dev lo multicast on`,
    ip`link set dev lo mtu 0x500`,
    ip`link set dev lo mtu 01500`,
    ip`link set dev lo mtu`,
    ip`link set dev lo hoplimit 3 mtu 1500`,
    ip`link set dev lo master a nomaster`,
    ip`link set dev lo address 2:0:0:0:0:1`,
    ip`link set dev lo address 02:00:00:00:00:0g`,
    ip`link set dev lo promisc yes`,
    ip`link set dev lo name a/b`,
    ip`link set dev lo alias ${'x'.repeat(256)}`,
    ip`link set dev lo netns blue`,
    ip`link set dev lo netns /n up`,
    ip`link set dev lo up netns /n`,
    ip`link set dev lo type bridge_slave`,
    ip`link set dev lo type bridge_slave hairpin 1`,
    ip`link set dev lo type bridge_slave learning on`,
    ip`link set dev lo type bond_slave hairpin on`,
    ip`link add v type veth peer name p`,
    ip`link add name v type veth`,
    ip`link add name v type veth peer netns /n name p`,
    ip`link add name v type veth peer name p netns blue`,
    ip`link add name v netns /m type veth peer name p netns /n`,
    ip`link add name v type veth peer name p numrxqueues 2`,
    ip`link add name v type constructor`,
    ip`link add name br type bridge vlan_filtering 2`,
    ip`link add name br type bridge stp_state 1`,
    ip`link add name v%d type bridge`,
    ip`link add name br`,
    ip`link add link eth0 name m type macvlan`,
    ip`link add link eth0 name m type macvlan mode source`,
    ip`link add link eth0 name m type macvlan mode toString`,
    ip`link add link eth0 name m type macvlan mode bridge nopromisc`,
    ip`link add link eth/0 name m type macvlan mode bridge`,
    ip`link add link eth0 name i type ipvlan`,
    ip`link add link eth0 name i type ipvlan mode l4`,
    ip`link add link eth0 name i type ipvlan mode l2 private`,
    ip`link add link eth0 name v type vlan`,
    ip`link add link eth0 name v type vlan id 65536`,
    ip`link add link eth0 name v type vlan id 5 protocol 802.1ad`,
    ip`link add name d type dummy numtxqueues 2`,
    ip`link del lo`,
    ip`link del dev lo type bridge`,
    ip`-d link del dev lo`,
    ip`addr add 10.1.0.1 dev lo`,
    ip`addr add 10.1.0.1/33 dev lo`,
    ip`addr add 10.1.0.1/024 dev lo`,
    ip`addr add ::ffff:10.1.0.1/120 dev lo`,
    ip`addr add 10.1.0.1/24 broadcast + dev lo`,
    ip`addr add fd00::1/64 broadcast fd00::ff dev lo`,
    ip`addr add 10.1.0.1/24 dev lo label lo:1`,
    ip`addr add 10.1.0.1/24 dev lo nodad home`,
    ip`addr del 10.1.0.1/24 dev lo nodad`,
    ip`addr flush dev lo`,
    ip`route add default via 10.1.0.1 dev lo`,
    ip`route add 10.0.0.0/8 via 10.1.0.1`,
    ip`route add 10.0.0.0/8 via fd00::1 dev lo`,
    ip`route add 10.0.0.0/8 via inet6 fd00::1 dev lo`,
    ip`route add 10.0.0.0/8 dev lo table 0`,
    ip`route add 10.0.0.0/8 dev lo table main`,
    ip`route add 10.0.0.0/8 dev lo metric 4294967296`,
    ip`route add 10.0.0.0/8 dev lo scope 256`,
    ip`route add 10.0.0.0/8 dev lo scope link scope link`,
    ip`route add 10.0.0.0/8 dev lo hoplimit 3`,
    ip`route change 10.0.0.0/8 dev lo`,
    ip`route get 10.0.0.0/8 dev lo`,
    ip`-4 route add 10.0.0.0/8 dev lo`,
    ip`route show table main`,
    ip`-4 route show table 100`,
    ip`-4 route show table main dev lo`,
    ip`rule add from 10.0.0.0/8 table 100`,
    ip`neigh show dev lo`,
  ])('left to ip: %s', (command) => {
    expect(nativeForm(command)).toBe(undefined);
  });
});
