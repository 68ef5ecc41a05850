import { describe, expect, test } from 'vitest';
import { attachmentInAlias, hostLinkName, isOwnAlias, linkAlias, randomLinkName, randomMac } from './identity.ts';

const NAME = { network: 'net', containerId: 'c1', ifName: 'eth0' };

describe("the name of the host's end", () => {
  test('is the same for the same attachment, and looks as everybody expects', () => {
    expect(hostLinkName(NAME)).toBe(hostLinkName({ ...NAME }));
    expect(hostLinkName(NAME)).toMatch(/^veth[\da-f]{8}$/);
    expect(randomLinkName()).toMatch(/^veth[\da-f]{8}$/);
  });

  test('differs between attachments, also where their parts only stand differently', () => {
    const names = new Set<string>();
    for (let index = 0; index < 5000; index += 1) names.add(hostLinkName({ ...NAME, containerId: `pod-${index}` }));
    expect(names.size).toBe(5000);
    expect(hostLinkName({ ...NAME, network: 'ne', containerId: 'tc1' })).not.toBe(hostLinkName(NAME));
  });
});

describe('the alias', () => {
  test('names the attachment', () => {
    expect(linkAlias(NAME)).toBe('cni-ts:net/c1/eth0');
    expect(attachmentInAlias(linkAlias(NAME))).toEqual(NAME);
    expect(isOwnAlias(linkAlias(NAME))).toBe(true);
    expect(isOwnAlias("somebody's")).toBe(false);
    expect(isOwnAlias(undefined)).toBe(false);
  });

  test('is never longer than the kernel takes, and still tells attachments apart', () => {
    const long = { ...NAME, containerId: 'c'.repeat(300) };
    expect(Buffer.byteLength(linkAlias(long))).toBeLessThanOrEqual(255);
    expect(linkAlias(long)).not.toBe(linkAlias({ ...long, containerId: `${long.containerId}c` }));
    expect(attachmentInAlias(linkAlias(long))).toBeUndefined();
    const fits = { ...NAME, containerId: 'c'.repeat(255 - 'cni-ts:net//eth0'.length) };
    expect(attachmentInAlias(linkAlias(fits))).toEqual(fits);
  });
});

test('a made-up MAC is unicast and locally administered', () => {
  const macs = Array.from({ length: 500 }, randomMac);
  for (const mac of macs) expect(mac).toMatch(/^[\da-f][26ae](:[\da-f]{2}){5}$/);
  expect(new Set(macs).size).toBe(500);
});
