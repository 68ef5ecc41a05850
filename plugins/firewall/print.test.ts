import { expect, test } from 'vitest';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { Opening } from './open.ts';
import { printOpening } from './print.ts';

const opening: Opening = {
  backend: 'firewalld',
  zone: 'trusted',
  addresses: [
    { family: 4, text: '10.1.0.2' },
    { family: 6, text: 'fd00::2' },
  ],
  adminChain: 'CNI-ADMIN',
  separator: 'nftables',
  mayExist: false,
};

test('firewalld is told by its own program', () => {
  expect(printOpening(ownNetns(), opening)).toEqual([
    'firewall-cmd --zone=trusted --add-source=10.1.0.2/32',
    'firewall-cmd --zone=trusted --add-source=fd00::2/128',
  ]);
});

test('who keeps networks apart beside firewalld lets no address through by rules of its own', () => {
  const separation = { policy: 'isolated', bridge: 'cni0' } as const;
  const nft = printOpening(ownNetns(), { ...opening, separation });
  expect(nft.slice(0, 2)).toEqual(printOpening(ownNetns(), opening));
  expect(nft).toContain(`nft 'add element inet cni_firewall isolated { "cni0" . "cni0" }'`);
  expect(nft.join('\n')).not.toContain('containers4 { 10.1.0.2 }');
  const iptables = printOpening(ownNetns(), { ...opening, separation, separator: 'iptables' });
  expect(iptables.filter((line) => line.includes(' -A CNI-FORWARD'))).toEqual([]);
  expect(iptables.filter((line) => line.startsWith('ip6tables -t filter -N'))).toEqual([
    'ip6tables -t filter -N CNI-ISOLATION-STAGE-1 || true',
    'ip6tables -t filter -N CNI-ISOLATION-STAGE-2 || true',
  ]);
});
