import { expect, test } from 'vitest';
import type { ShownLink } from '../../pkg/attach/links.ts';
import {
  guessInside,
  identityOnHost,
  type Marks,
  readIdentity,
  recognizeInside,
  recognizeOnHost,
  seenFromHost,
} from './recognize.ts';

// No machine that runs tests can be counted on to have hardware to give away, so here it is made up.

const MARKS: Marks = { device: 'ens5', ifName: 'eth0', claimed: [] };

function linkOf(ifname: string, more: Partial<ShownLink>): ShownLink {
  return { ifindex: 1, ifname, flags: [], mtu: 1500, operstate: 'DOWN', address: '', ...more };
}

const PORT = { address: '52:54:00:00:00:05', parentbus: 'pci', parentdev: '0000:05:00.0' };
const ENS5 = linkOf('ens5', PORT);
const ENS6 = linkOf('ens6', { ...PORT, address: '52:54:00:00:00:06' });
const IDENTITY = identityOnHost(ENS5, [ENS5]);

/** The device in a container that has changed all that it can. */
const CHANGED = linkOf('hidden', { ...PORT, address: '02:00:00:00:00:01', permaddr: PORT.address, ifalias: 'ens6' });

/** A pair that a container has made, to look like the device. */
const FORGED = linkOf('eth0', {
  address: PORT.address,
  ifalias: 'ens5',
  link: 'end',
  linkinfo: { info_kind: 'veth' },
});

test('hardware is known by what it is, whatever its container wrote', () => {
  expect(recognizeInside(IDENTITY, [FORGED, CHANGED], MARKS)).toBe(CHANGED);
  expect(recognizeOnHost(IDENTITY, [CHANGED, ENS6], MARKS)).toBe(CHANGED);
  expect(recognizeInside(IDENTITY, [FORGED], MARKS)).toBe(undefined);
});

test('a pair whose other end is in a container is not known by the index of that end', () => {
  const pair = (ifname: string, more: object) => linkOf(ifname, { linkinfo: { info_kind: 'veth' }, ...more });
  const device = pair('ens5', { link: 'peer' });
  const identity = identityOnHost(device, [device, linkOf('peer', { ifindex: 2 })]);
  const others = [pair('veth1', { link_index: 2, link_netnsid: 0 }), pair('veth2', { link_index: 2, link_netnsid: 1 })];
  for (const links of [others, others.slice(1)]) expect(recognizeOnHost(identity, links, MARKS)).toBe(undefined);
  // Of what is in the container only what leads to the host counts.
  const [forged, home] = [
    pair('eth0', { link_index: 2, link_netnsid: 5 }),
    pair('x', { link_index: 2, link_netnsid: 3 }),
  ];
  expect(recognizeInside(identity, seenFromHost([forged, home], 3), MARKS)).toMatchObject({ ifname: 'x' });
  expect(recognizeInside(identity, seenFromHost([forged], 3), MARKS)).toBe(undefined);
});

test('of two ports of one card the one is not taken for the other', () => {
  const other = { ...ENS6, ifname: 'eth0', ifalias: 'ens5' };
  expect(recognizeInside(IDENTITY, [other, CHANGED], MARKS)).toBe(CHANGED);
  expect(recognizeInside(IDENTITY, [{ ...other, permaddr: ENS6.address, address: PORT.address }], MARKS)).toBe(
    undefined,
  );
});

test('hardware without a permanent MAC that was given another one has its mark or its name', () => {
  const marked = linkOf('x', { ...PORT, address: '02:00:00:00:00:01', ifalias: 'ens5' });
  expect(recognizeInside(IDENTITY, [FORGED, marked], MARKS)).toBe(marked);
  const named = linkOf('eth0', { ...PORT, address: '02:00:00:00:00:01' });
  expect(recognizeInside(IDENTITY, [named], MARKS)).toBe(named);
  expect(recognizeInside(IDENTITY, [named], { ...MARKS, claimed: ['eth0'] })).toBe(undefined);
  expect(recognizeInside(IDENTITY, [{ ...marked, parentdev: '0000:06:00.0' }], MARKS)).toBe(undefined);
});

test('of software on one link below each other only marks tell, and what has its link below inside was made there', () => {
  const macvlan = (ifname: string, more: object) => linkOf(ifname, { linkinfo: { info_kind: 'macvlan' }, ...more });
  const identity = identityOnHost(macvlan('ens5', { link: 'lan' }), [linkOf('lan', { ifindex: 7 })]);
  expect(identity).toEqual({ kind: 'macvlan', permanentMac: '', parent: '', lower: 7 });
  const [device, other] = [macvlan('x', { link_index: 7, ifalias: 'ens5' }), macvlan('eth1', { link_index: 7 })];
  const own = macvlan('eth0', { link: 'end', ifalias: 'ens5' });
  expect(recognizeInside(identity, [own, other, device], MARKS)).toBe(device);
  expect(recognizeInside(identity, [own, other], MARKS)).toBe(undefined);
  expect(recognizeInside(identity, [own], MARKS)).toBe(undefined);
});

test('where nothing was noted, hardware and what comes from outside may be it', () => {
  expect(guessInside([FORGED, { ...CHANGED, ifname: 'eth0', ifalias: '' }], MARKS, '')).toMatchObject({
    permaddr: PORT.address,
  });
  const veth = linkOf('eth0', { link_index: 4, linkinfo: { info_kind: 'veth' } });
  expect(guessInside([FORGED, veth], MARKS, '')).toBe(veth);
  const dummy = linkOf('eth0', { address: '02:00:00:00:00:01', linkinfo: { info_kind: 'dummy' } });
  expect(guessInside([FORGED, dummy], MARKS, '')).toBe(undefined);
  expect(guessInside([FORGED, dummy], MARKS, dummy.address)).toBe(dummy);
});

test('a note of an older version, or a damaged one, has no identity', () => {
  expect(readIdentity(JSON.parse(JSON.stringify(IDENTITY)))).toEqual(IDENTITY);
  for (const value of [undefined, null, 'x', {}, { ...IDENTITY, lower: '1' }, { ...IDENTITY, kind: undefined }]) {
    expect(readIdentity(value)).toBe(undefined);
  }
});
