import { expect, test } from 'vitest';
import { ip } from '../ip/command.ts';
import { ownNetns } from '../netns/own.ts';
import { Plan } from './plan.ts';
import { stepsOf } from './steps.ts';

const host = ownNetns();
const inside = { ...host, label: '/run/netns/x', prefix: ['nsenter', '--net=/run/netns/x'] } as typeof host;

test('places stay together, what only looks is left out, what may fail says so', () => {
  const beside = new Plan().host(ip`link set dev a up`);
  const plan = new Plan()
    .host(ip`link show dev a`, { capture: 'a' })
    .host(ip`link add name a type bridge`, { tolerate: ['EEXIST'] })
    .together(beside, new Plan().inside(inside, ip`link set dev lo up`))
    .inside(inside, ip`route get 10.0.0.1`)
    .sysctl(inside, 'net/ipv4/conf/lo/arp_notify', '1', { optional: true })
    .host(ip`addr add 10.0.0.1/8 dev a`);
  expect(stepsOf(plan)).toEqual([
    { place: 'host', lines: ['ip link add name a type bridge || true', 'ip link set dev a up'] },
    {
      place: '/run/netns/x',
      lines: [
        'nsenter --net=/run/netns/x ip link set dev lo up',
        'nsenter --net=/run/netns/x sysctl -w net/ipv4/conf/lo/arp_notify=1 || true',
      ],
    },
    { place: 'host', lines: ['ip addr add 10.0.0.1/8 dev a'] },
  ]);
});
