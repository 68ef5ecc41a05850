import { describe, expect, test } from 'vitest';
import { looked, makeSide, run, settled, useSides } from './native-forms.ts';

const sides = useSides();
const { compare, succeed } = sides;

describe('every form has the same effect by both drivers', () => {
  test('links are made', async () => {
    await succeed(
      'here',
      'link add name br mtu 1400 address 02:00:00:00:00:01 type bridge',
      'link add name other address 02:00:00:00:00:11 type bridge',
      'link add name v mtu 1400 address 02:00:00:00:00:02 txqueuelen 5 type veth peer name p mtu 1300 address 02:00:00:00:00:03 txqueuelen 7 netns @there',
      'link add name w address 02:00:00:00:00:04 txqueuelen 0 type veth peer name x address 02:00:00:00:00:05',
      'link add name chance type veth peer name chance2',
      'link add link other name mv mtu 1300 address 02:00:00:00:00:0a type macvlan mode private bcqueuelen 500',
      'link add link chance2 name mv2 address 02:00:00:00:00:0b netns @there type macvlan mode passthru',
      'link add name away netns @there type bridge',
      'link add name if77 address 02:00:00:00:00:07 type bridge',
    );
  });

  test('links are set', async () => {
    await succeed(
      'here',
      'link set dev br up',
      'link set dev v up master br mtu 1350 address 02:00:00:00:00:06 txqueuelen 9 alias eth0/c1 promisc on allmulticast on',
      'link set dev v promisc off',
      'link set dev v allmulticast off',
      'link set dev w up',
      'link set dev w down up',
      'link set dev w master other',
      'link set dev w nomaster',
      'link set dev w master br mtu 1400',
      'link set dev chance2 name renamed up alias two',
      'link set dev chance master if2',
      'link set dev if1 up',
      'link set dev if77 mtu 1500 up',
      'link set dev v type bridge_slave hairpin on isolated on',
      'link set dev w type bridge_slave isolated on',
      'link set dev w type bridge_slave isolated off hairpin on',
      'link set dev chance type bridge_slave hairpin off',
    );
    await succeed('there', 'link set dev p up', 'link set dev lo up');
  });

  test('links are shown', async () => {
    await settled();
    const shows = ['br', 'v', 'w', 'x', 'chance', 'renamed', 'lo'].flatMap((name) =>
      ['link show', '-d link show', 'addr show', '-d addr show'].map((show) => `${show} dev ${name}`),
    );
    await succeed(
      'here',
      ...shows,
      '-d link show dev mv',
      'addr show dev if3',
      'addr show dev if77',
      '-d addr show dev if4711',
      'link show master if4711',
      'link show master br',
      'link show master other',
      'link show',
      '-d link show',
    );
    await succeed('there', 'link show dev p', '-d addr show dev p', 'link show dev away');
  });

  test('addresses come and go', async () => {
    await succeed(
      'here',
      'addr add 10.1.0.1/24 broadcast 10.1.0.255 dev br',
      'addr add 10.1.0.2/24 dev br',
      'addr add 10.2.0.1/32 dev br nodad',
      'addr add 127.0.0.9/8 dev br',
      'addr add fd00::1/64 dev br nodad',
      'addr add fd00::1.2.3.4/64 dev br nodad',
      'addr add fe80::77/64 dev br nodad',
      'addr add fd00:1:2:3:4:5:6:7/128 dev if2 nodad',
      'addr add fd0a::1/64 dev x',
      'addr add 10.1.0.1/24 dev other',
      'addr show dev br',
      'addr show dev x',
      '-d addr show dev lo',
      'addr del 10.1.0.2/24 dev br',
      'addr del 127.0.0.9/8 dev br',
      'addr del fd00::1.2.3.4/64 dev br',
      'addr show dev br',
    );
  });

  test('an address that someone else has', async () => {
    for (const { there } of sides.all()) there.ip('addr add fd00::dad/64 dev p nodad');
    for (const { here } of sides.all()) here.ip('addr add fd00::dad/64 dev br');
    for (const { here } of sides.all())
      await expect.poll(() => here.ip('addr show dev br'), { timeout: 10_000 }).toContain('dadfailed');
    await succeed('here', 'addr show dev br', 'addr del fd00::dad/64 dev br');
    for (const { there } of sides.all()) there.ip('addr del fd00::dad/64 dev p');
  });

  test('routes come and go', async () => {
    await succeed(
      'here',
      'route add 0.0.0.0/0 via 10.1.0.9 dev br',
      'route add ::/0 via fd00::9 dev br',
      'route add 10.5.0.0/16 dev br',
      'route add 10.6.0.0/16 dev br src 10.1.0.1 metric 5 table 100 scope host',
      'route add 10.7.0.0/16 via 203.0.113.1 dev br table 1000 onlink',
      'route add 10.7.0.0/16 via 203.0.113.1 dev br onlink',
      'route add 10.8.0.1/32 via 10.1.0.9 dev br metric 4294967295',
      'route add 10.8.0.0/16 dev br scope 150',
      'route add 10.9.0.0/16 dev br scope global',
      'route add 10.10.0.0/16 dev br scope link table 255',
      'route prepend 10.5.0.0/16 dev br metric 9',
      'route prepend 10.5.0.0/16 dev br metric 9 src 10.1.0.1',
      'route append 10.5.0.0/16 dev br metric 9 src 10.2.0.1',
      'route replace 10.5.0.0/16 dev br src 10.2.0.1',
      'route replace 10.11.0.0/16 via 10.1.0.8 dev if2',
      'route add fd01::/64 dev br scope global',
      'route add fd02::/64 dev br metric 3 table 300',
      'route add fd03::/64 via fe80::1 dev br',
      'route append fd03::/64 via fe80::2 dev br',
      'route add fd04::7/128 dev br src fd00::1',
      'route replace fd04::7/128 via fd00::8 dev br metric 1024',
      '-4 route show table main',
      '-6 route show table main',
      'route del 10.5.0.0/16 dev br metric 9',
      'route del 10.7.0.0/16 via 203.0.113.1 dev br table 1000',
      'route del fd02::/64 dev br table 300',
      'route del fd03::/64 via fe80::1 dev br',
      'route del 0.0.0.0/0 via 10.1.0.9 dev br',
      'route del 10.9.0.0/16 dev br scope global',
    );
    await succeed('there', '-4 route show table main', '-6 route show table main');
    await succeed('here', 'route get 10.1.0.77', 'route get 10.11.1.1', 'route get 10.1.0.1', 'route get fd01::5');
    expect(await compare('there', ['route get 203.0.113.9', 'route get fd01::5'])).toEqual([
      'ENETUNREACH',
      'ENETUNREACH',
    ]);
  });

  test('routes that others made are shown', async () => {
    for (const { here } of sides.all()) {
      here.ip('route add unreachable 10.20.0.0/16');
      here.ip('route add 10.21.0.0/16 via inet6 fe80::1 dev br');
      here.ip('route add 10.22.0.0/16 via 10.1.0.9 dev br proto static');
      here.ip('route add 10.23.0.0/16 dev br proto 99 metric 7');
      here.ip('route add blackhole fd20::/64 proto 77');
      here.ip('link set dev renamed down');
      here.ip('route add 10.24.0.0/16 via 10.1.0.9 dev br');
    }
    await settled();
    await succeed('here', '-4 route show table main', '-6 route show table main', 'link show dev chance');
    for (const { there } of sides.all()) there.ip('link set dev p down');
    await settled();
    await succeed('here', '-4 route show table main', 'link show dev v', '-d link show dev br');
  });

  test('what fails', async () => {
    const failures = {
      'link add name br type bridge': 'EEXIST',
      'link add name new type veth peer name br': 'EEXIST',
      'link add name new type veth peer name p netns @there': 'EEXIST',
      'link add name new type veth peer name q netns /run/netns/nope': 'ENOENT',
      'link add name new type veth peer name q netns /etc/hostname': 'EINVAL',
      'link add name new mtu 70000 type bridge': 'EINVAL',
      'link add link nope name new type macvlan mode bridge': 'ENODEV',
      'link add name new address 01:00:00:00:00:01 type bridge': 'EADDRNOTAVAIL',
      'link set dev nope up': 'ENODEV',
      'link set dev if4711 up': 'ENODEV',
      'link set dev v master nope': 'ENODEV',
      'link set dev v master x': 'EOPNOTSUPP',
      'link set dev br master other': 'ELOOP',
      'link set dev v mtu 10': 'EINVAL',
      'link set dev v name br': 'EEXIST',
      'link set dev nope name new': 'ENODEV',
      'link set dev x type bridge_slave hairpin on': 'EOPNOTSUPP',
      'link set dev nope type bridge_slave hairpin on': 'ENODEV',
      'link set dev v netns /run/netns/nope': 'ENOENT',
      'link set dev lo netns @there': 'EINVAL',
      'link del dev nope': 'ENODEV',
      'link del dev if4711': 'ENODEV',
      'link del dev lo': 'EOPNOTSUPP',
      'link show dev nope': 'ENODEV',
      'link show dev if3': 'ENODEV',
      'link show master nope': 'ENODEV',
      'addr show dev nope': 'ENODEV',
      'addr add 10.31.0.1/24 dev if4711': 'ENODEV',
      'addr add fd00::31/64 dev if4711': 'ENODEV',
      'route add 10.30.0.0/16 dev if4711': 'ENODEV',
      'link set dev v master if4711': 'EINVAL',
      'addr add 10.1.0.1/24 dev br': 'EEXIST',
      'addr add fd00::1/64 dev br': 'EEXIST',
      'addr add 10.1.0.1/24 dev nope': 'ENODEV',
      'addr add ::1/128 dev br': 'EADDRNOTAVAIL',
      'addr del 10.1.0.77/24 dev br': 'EADDRNOTAVAIL',
      'addr del fd00::77/64 dev br': 'EADDRNOTAVAIL',
      'route add 10.5.0.0/16 dev br': 'EEXIST',
      'route add fd01::/64 dev br': 'EEXIST',
      'route add 10.30.0.0/16 via 203.0.113.1 dev br': 'ENETUNREACH',
      'route add fd30::/64 via fd99::1 dev br': 'EHOSTUNREACH',
      'route add 10.30.0.0/16 dev other': 'ENETDOWN',
      'route add 10.30.0.0/16 dev nope': 'ENODEV',
      'route add 10.30.1.0/16 dev br': 'EINVAL',
      'route add 10.30.0.0/16 dev br src 203.0.113.1': 'EINVAL',
      'route add fd30::/64 via fd00::1 dev br': 'EINVAL',
      'route del 10.30.0.0/16 dev br': 'ESRCH',
      'route del fd30::/64 dev br': 'ESRCH',
    };
    const found = await compare('here', Object.keys(failures));
    expect(Object.fromEntries(Object.keys(failures).map((line, index) => [line, found[index]]))).toEqual(failures);
  });

  test('links move and go', async () => {
    await succeed('here', 'link set dev x netns @there', 'link del dev chance', 'link show dev w');
    await succeed('here', 'link del dev v', 'link del dev if77', 'link del dev br');
    await succeed('there', 'link show dev x', 'link set dev x netns @here', 'link del dev away');
    expect(await compare('there', ['link show dev p', 'link show dev x'])).toEqual(['ENODEV', 'ENODEV']);
  });
});

test('a namespace in which nothing has happened yet', async () => {
  const fresh = [makeSide('native'), makeSide('ip')];
  try {
    const lines = ['-4 route show table main', '-6 route show table main', 'addr show dev lo', 'link show master lo'];
    const [native, ip] = fresh.map((side) => run(side, 'here', lines));
    expect(native?.map(({ output, errno }) => errno ?? output)).toEqual(ip?.map(({ output }) => looked(output)));
  } finally {
    for (const { here, there } of fresh) {
      here.remove();
      there.remove();
    }
  }
});

test('a name means another link once the first has gone', async () => {
  const lines = [
    'link add name one address 02:00:00:00:01:01 type bridge',
    'addr add 10.41.0.1/24 dev one',
    'link del dev one',
    'addr add 10.41.0.2/24 dev one',
    'link add name one address 02:00:00:00:01:02 type bridge',
    'addr add 10.41.0.3/24 dev one',
    'link set dev one name two',
    'addr add 10.41.0.4/24 dev one',
    'link add name one address 02:00:00:00:01:03 type bridge',
    'link set dev one up',
    'route add 10.42.0.0/16 dev one',
    'addr show dev one',
    'addr show dev two',
    'link del dev one',
    'link del dev two',
  ];
  const errors = await compare('here', lines, true);
  expect(errors.flatMap((errno, index) => (errno === undefined ? [] : [`${index} ${errno}`]))).toEqual([
    '3 ENODEV',
    '7 ENODEV',
  ]);
});

test('queues and filters', async () => {
  await succeed(
    'here',
    'link add name tv mtu 1400 address 02:00:00:00:00:21 type veth peer name tp address 02:00:00:00:00:22',
    'link add name ti mtu 1400 address 02:00:00:00:00:23 txqueuelen 0 type ifb',
    'link set dev ti up',
    'tc qdisc add dev tv root handle 1: tbf rate 1000000bps burst 100000 limit 125000',
    'tc qdisc add dev tv handle ffff: ingress',
    'tc filter add dev tv parent ffff: protocol all prio 1 u32 match u32 0 0 classid 1:1 action mirred egress redirect dev ti',
    'tc qdisc add dev ti root handle 1: tbf rate 12500000000bps burst 12500025 limit 100000000',
    'tc -r qdisc show dev tv',
    'tc -r qdisc show dev ti',
    'tc filter show dev tv parent ffff:',
  );
  const bucket = (dev: string) => `tc qdisc add dev ${dev} root handle 1: tbf rate 8000bps burst 8000 limit 9000`;
  expect(await compare('here', [bucket('tv'), bucket('gone'), 'tc qdisc add dev tv handle ffff: ingress'])).toEqual([
    'EEXIST',
    'ENODEV',
    'EEXIST',
  ]);
  await succeed('here', 'tc qdisc del dev tv ingress', 'tc qdisc del dev tv root', 'tc qdisc del dev ti root');
  expect(await compare('here', ['tc qdisc del dev tv root', 'tc -r qdisc show dev gone'])).toEqual([
    'ENOENT',
    'ENODEV',
  ]);
  await succeed('here', 'tc -r qdisc show dev ti', 'link del dev tv', 'link del dev ti');
});

test('rules, and routes of all tables', async () => {
  await succeed(
    'here',
    'link add name rv address 02:00:00:00:00:31 type veth peer name rp address 02:00:00:00:00:32',
    'link set dev rv up',
    'link set dev rp up',
    'addr add 10.77.0.1/24 dev rv',
    'addr add fd77::1/64 dev rv nodad',
    'rule add from 10.77.0.1/32 table 100',
    '-6 rule add from fd77::1/128 table 1000 priority 77',
    'route replace 10.78.0.0/16 via 10.77.0.2 dev rv metric 7 table 300 scope 0 proto 4 src 10.77.0.1 mtu 1400 advmss 1300',
    'route append fd78::/64 via fd77::2 dev rv metric 1024 table 100 proto 2 mtu 1400',
    'route replace 10.79.0.0/16 dev rv table 300 scope 253 proto 2',
  );
  for (const { here } of sides.all()) here.ip('rule add from 10.77.0.0/24 to 10.1.0.0/16 fwmark 0x5 iif lo table 200');
  await settled();
  await succeed(
    'here',
    '-4 -N rule show',
    '-6 -N rule show',
    '-4 -N route show table all',
    '-6 -N route show table all',
  );
  expect(
    await compare('here', [
      'rule add from 10.77.0.1/32 table 100 priority 32765',
      'rule del from 10.77.0.9/32 table 100',
    ]),
  ).toEqual(['EEXIST', 'ENOENT']);
  await succeed(
    'here',
    'rule del from 10.77.0.1/32 table 100 priority 32765',
    '-6 rule del from fd77::1/128 table 1000',
    'route del 10.78.0.0/16 via 10.77.0.2 dev rv metric 7 table 300 scope 0',
    'link del dev rv',
  );
});
