import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../pkg/skel/plugin.ts';
import { type Answer, ask } from '../../test/protocol/in-process.ts';
import { hostLocal } from './plugin.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-host-local-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Calls the plugin in this process. */
function call(verb: string, config: object, environment: Record<string, string> = {}): Promise<Answer> {
  return ask(hostLocal, verb, config, environment);
}

const RANGE = { subnet: '10.0.0.0/24' };

describe('a configuration that cannot be used', () => {
  const rows: readonly (readonly [name: string, config: JsonObject, msg: string, key: string])[] = [
    ['no ipam', {}, "IPAM config missing 'ipam' key", 'ipam'],
    ['ipam null', { ipam: null }, "IPAM config missing 'ipam' key", 'ipam'],
    ['no ranges', { ipam: {} }, 'no IP ranges specified', 'ipam.ranges'],
    ['empty ranges', { ipam: { ranges: [] } }, 'no IP ranges specified', 'ipam.ranges'],
    ['an empty set', { ipam: { ranges: [[]] } }, 'invalid range set 0: empty range set', 'ipam.ranges[0]'],
    [
      'a second empty set',
      { ipam: { ranges: [[RANGE], []] } },
      'invalid range set 1: empty range set',
      'ipam.ranges[1]',
    ],
    [
      'no subnet',
      { ipam: { ranges: [[{}]] } },
      'invalid range set 0: IP <nil> not v4 nor v6',
      'ipam.ranges[0][0].subnet',
    ],
    ['no CIDR', { ipam: { subnet: '10.1.1' } }, 'invalid CIDR address: 10.1.1', 'ipam.subnet'],
    ['an empty subnet', { ipam: { subnet: '' } }, 'invalid CIDR address: ', 'ipam.subnet'],
    [
      'too small',
      { ipam: { ranges: [[{ subnet: '10.0.0.0/31' }]] } },
      'invalid range set 0: Network 10.0.0.0/31 too small to allocate from',
      'ipam.ranges[0][0].subnet',
    ],
    [
      'too small, IPv6',
      { ipam: { ranges: [[{ subnet: 'fd00::/127' }]] } },
      'invalid range set 0: Network fd00::/127 too small to allocate from',
      'ipam.ranges[0][0].subnet',
    ],
    [
      'mapped',
      { ipam: { subnet: '::ffff:10.0.0.0/120' } },
      'invalid range set 0: IPNet IP and Mask version mismatch',
      'ipam.subnet',
    ],
    [
      'host bits',
      { ipam: { subnet: '10.0.0.1/24' } },
      'invalid range set 0: Network has host bits set. For a subnet mask of length 24 the network address is 10.0.0.0',
      'ipam.subnet',
    ],
    [
      'start outside',
      { ipam: { ...RANGE, rangeStart: '10.0.1.1' } },
      'invalid range set 0: RangeStart 10.0.1.1 not in network 10.0.0.0/24',
      'ipam.rangeStart',
    ],
    [
      'end outside',
      { ipam: { ...RANGE, rangeEnd: '10.0.1.1' } },
      'invalid range set 0: RangeEnd 10.0.1.1 not in network 10.0.0.0/24',
      'ipam.rangeEnd',
    ],
    [
      'end before the default start',
      { ipam: { ...RANGE, rangeEnd: '10.0.0.0' } },
      'invalid range set 0: RangeEnd 10.0.0.0 not in network 10.0.0.0/24',
      'ipam.rangeEnd',
    ],
    [
      'ends in the wrong order',
      { ipam: { ...RANGE, rangeStart: '10.0.0.9', rangeEnd: '10.0.0.3' } },
      'invalid range set 0: RangeStart 10.0.0.9 not in network 10.0.0.0/24',
      'ipam.rangeStart',
    ],
    ['a gateway that is none', { ipam: { ...RANGE, gateway: 'x' } }, 'invalid IP address: x', 'ipam.gateway'],
    [
      'a start that is none',
      { ipam: { ranges: [[{ ...RANGE, rangeStart: '10.0.0.01' }]] } },
      'invalid IP address: 10.0.0.01',
      'ipam.ranges[0][0].rangeStart',
    ],
    [
      'an excluded nothing',
      { ipam: { ...RANGE, exclude: ['10.0.0.9', 'x'] } },
      'invalid CIDR address: x',
      'ipam.exclude[1]',
    ],
    [
      'mixed families',
      { ipam: { ranges: [[RANGE, { subnet: 'fd00::/64' }]] } },
      'invalid range set 0: mixed address families',
      'ipam.ranges[0][1].subnet',
    ],
    [
      'overlap in a set',
      { ipam: { ranges: [[RANGE, { subnet: '10.0.0.0/25' }]] } },
      'invalid range set 0: subnets 10.0.0.1-10.0.0.254 and 10.0.0.1-10.0.0.126 overlap',
      'ipam.ranges[0]',
    ],
    [
      'overlap of sets',
      { ipam: { ranges: [[RANGE], [{ subnet: '10.0.0.0/25' }]] } },
      'range set 0 overlaps with 1',
      'ipam.ranges[0]',
    ],
    [
      'overlap with the runtime',
      { ipam: RANGE, runtimeConfig: { ipRanges: [[RANGE]] } },
      'range set 0 overlaps with 1',
      'runtimeConfig.ipRanges[0]',
    ],
    [
      'two of a family, 0.2.0',
      { cniVersion: '0.2.0', ipam: { ranges: [[RANGE], [{ subnet: '10.0.1.0/24' }]] } },
      'CNI version 0.2.0 does not support more than 1 address per family',
      'ipam.ranges',
    ],
    [
      'two of a family, no version',
      { cniVersion: '', ipam: { ranges: [[RANGE], [{ subnet: '10.0.1.0/24' }]] } },
      'CNI version  does not support more than 1 address per family',
      'ipam.ranges',
    ],
    [
      'args.cni.ips',
      { ipam: RANGE, args: { cni: { ips: ['10.0.0.2', 'x'] } } },
      'invalid IP address x',
      'args.cni.ips[1]',
    ],
    [
      'runtimeConfig.ips',
      { ipam: RANGE, runtimeConfig: { ips: ['10.0.0.5/99'] } },
      'invalid IP address 10.0.0.5/99',
      'runtimeConfig.ips[0]',
    ],
    [
      'a route that is none',
      { ipam: { ...RANGE, routes: [{ dst: 'x' }] } },
      'invalid CIDR address: x',
      'ipam.routes[0].dst',
    ],
    [
      'a gateway that is none in a route',
      { ipam: { ...RANGE, routes: [{ dst: '0.0.0.0/0', gw: 'x' }] } },
      'invalid IP address: x',
      'ipam.routes[0].gw',
    ],
    [
      'a number for a subnet',
      { ipam: { subnet: 5 } },
      'failed to load IPAM config: key "ipam.subnet": found number 5, expected a text',
      'ipam.subnet',
    ],
    [
      'ranges in one list',
      { ipam: { ranges: [RANGE] } },
      'failed to load IPAM config: key "ipam.ranges[0]": found object with "subnet", expected a list',
      'ipam.ranges[0]',
    ],
  ];

  test.each(rows)('%s', async (_name, config, msg, key) => {
    const folder = temporaryFolder();
    const ipam = config['ipam'] ? { dataDir: folder, ...(config['ipam'] as object) } : config['ipam'];
    const { exitCode, document } = await call('ADD', { ...config, ipam });
    expect(exitCode).toBe(1);
    expect(document['msg']).toBe(msg);
    expect([6, 7]).toContain(document['code']);
    expect(`${document['msg']} ${document['details']}`).toContain(key);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('CNI_ARGS are the environment, so code 4', async () => {
    const config = { ipam: { ...RANGE, dataDir: temporaryFolder() } };
    expect((await call('ADD', config, { CNI_ARGS: 'IP=x' })).document).toMatchObject({
      code: 4,
      msg: 'ARGS: error parsing value of pair "IP=x": invalid IP address x',
    });
    expect((await call('CHECK', config, { CNI_ARGS: 'FOO=BAR' })).document).toMatchObject({ code: 4 });
  });

  test('a DEL needs no ranges: what they were does not keep an address', async () => {
    const dataDir = temporaryFolder();
    await call('ADD', { ipam: { ...RANGE, dataDir } });
    expect(await call('DEL', { ipam: { dataDir, ranges: [] } }, { CNI_ARGS: 'FOO=BAR' })).toMatchObject({
      exitCode: 0,
    });
    expect(readdirSync(join(dataDir, 'net')).sort()).toEqual(['last_reserved_ip.0', 'lock']);
  });

  test('a DEL where there never was a lease creates nothing', async () => {
    const dataDir = temporaryFolder();
    expect(await call('DEL', { ipam: { ...RANGE, dataDir } })).toMatchObject({ exitCode: 0 });
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

describe('results', () => {
  test('resolver settings and routes', async () => {
    const folder = temporaryFolder();
    const resolvConf = join(folder, 'resolv.conf');
    writeFileSync(
      resolvConf,
      '# no\nnameserver 1.1.1.1 \n; no\nnameserver fd00::53\ndomain a\ndomain b\nsearch x y\nsearch z\noptions ndots:5 rotate\nlonely\n',
    );
    const routes = [{ dst: '10.0.0.5/8', scope: 0, mtu: 1400 }];
    const { document } = await call('ADD', { ipam: { ...RANGE, dataDir: folder, resolvConf, routes } });
    expect(document['dns']).toEqual({
      nameservers: ['1.1.1.1', 'fd00::53'],
      domain: 'b',
      search: ['x', 'y', 'z'],
      options: ['ndots:5', 'rotate'],
    });
    expect(document['routes']).toEqual(routes);
  });

  test('a resolver file that is not there', async () => {
    const dataDir = temporaryFolder();
    const { document } = await call('ADD', { ipam: { ...RANGE, dataDir, resolvConf: '/nope' } });
    expect(document).toMatchObject({ code: 5, msg: 'open /nope: no such file or directory' });
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

describe('CHECK', () => {
  test('compares the leases with prevResult', async () => {
    const dataDir = temporaryFolder();
    const ipam = { ranges: [[RANGE], [{ subnet: 'fd00::/64' }]], dataDir };
    const { document: prevResult } = await call('ADD', { ipam });
    expect(await call('CHECK', { ipam, prevResult })).toMatchObject({ exitCode: 0 });
    expect(await call('CHECK', { ipam })).toMatchObject({ exitCode: 0 });
    const other = { cniVersion: '1.1.0', ips: [{ address: '10.0.0.9/24' }, { address: 'fd00::2/64' }] };
    expect((await call('CHECK', { ipam, prevResult: other })).document).toMatchObject({
      msg: 'host-local: address 10.0.0.9 of container c1 is not leased to it',
    });
    const half = { cniVersion: '1.1.0', ips: [{ address: '10.0.0.2/24' }] };
    expect((await call('CHECK', { ipam, prevResult: half })).document).toMatchObject({
      msg: 'host-local: address fd00::2 of container c1 is not in prevResult',
    });
    // Addresses that other plugins brought are their business.
    const more = [...(prevResult['ips'] as object[]), { address: '192.168.1.1/24' }];
    expect(await call('CHECK', { ipam, prevResult: { ...prevResult, ips: more } })).toMatchObject({ exitCode: 0 });
  });
});

describe('GC', () => {
  test.each(['cni.dev/valid-attachments', 'cni.dev/attachments'])('frees what is not in %s', async (key) => {
    const dataDir = temporaryFolder();
    const ipam = { ranges: [[RANGE], [{ subnet: 'fd00::/64' }]], dataDir };
    for (const id of ['keep', 'gone']) await call('ADD', { ipam }, { CNI_CONTAINERID: id });
    await call('ADD', { ipam }, { CNI_CONTAINERID: 'keep', CNI_IFNAME: 'net1' });
    await call('ADD', { name: 'other', ipam }, { CNI_CONTAINERID: 'gone' });
    writeFileSync(join(dataDir, 'net/10.0.0.77'), '');
    writeFileSync(join(dataDir, 'net/10.0.0.78'), 'keep');
    const { exitCode, stderr } = await call('GC', { ipam, [key]: [{ containerID: 'keep', ifname: 'eth0' }] });
    expect(exitCode).toBe(0);
    expect(stderr).toHaveLength(5);
    expect(readdirSync(join(dataDir, 'net')).sort()).toEqual(
      ['10.0.0.2', '10.0.0.78', 'fd00::2', 'last_reserved_ip.0', 'last_reserved_ip.1', 'lock'].sort(),
    );
    expect(readdirSync(join(dataDir, 'other'))).toContain('10.0.0.2');
    expect(await call('CHECK', { ipam }, { CNI_CONTAINERID: 'keep' })).toMatchObject({ exitCode: 0 });
  });

  test('without a list nothing is freed, with an empty one everything', async () => {
    const dataDir = temporaryFolder();
    const ipam = { ...RANGE, dataDir };
    await call('ADD', { ipam });
    await call('GC', { ipam });
    expect(readdirSync(join(dataDir, 'net'))).toContain('10.0.0.2');
    await call('GC', { ipam, 'cni.dev/valid-attachments': [] });
    expect(readdirSync(join(dataDir, 'net'))).not.toContain('10.0.0.2');
  });
});

describe('STATUS', () => {
  test('a full range is said; an error only on request', async () => {
    const dataDir = temporaryFolder();
    const ipam = { subnet: '10.0.0.0/30', dataDir };
    expect(await call('STATUS', { ipam })).toMatchObject({ exitCode: 0, stderr: [] });
    expect(readdirSync(dataDir)).toEqual([]);
    await call('ADD', { ipam });
    const said = 'range 10.0.0.0/30: 1 leases, 1 of unknown state (none of 1 free)';
    expect(await call('STATUS', { ipam })).toMatchObject({ exitCode: 0, stderr: [`host-local: ${said}`] });
    const { document } = await call('STATUS', { ipam: { ...ipam, statusWhenFull: true } });
    expect(document).toMatchObject({ code: 50 });
    expect(document['details']).toContain(said);
  });

  test('code 50 for what no ADD can be done with', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const broken = { ipam: { ...RANGE, dataDir: join(folder, 'file') } };
    expect((await call('STATUS', broken)).document).toMatchObject({ code: 50 });
    expect((await call('STATUS', { ipam: { dataDir: folder } })).document).toMatchObject({ code: 50 });
    expect((await call('ADD', broken)).document).toMatchObject({
      code: 5,
      msg: `mkdir ${join(folder, 'file/net')}: not a directory`,
    });
  });
});

describe('addresses', () => {
  test('excluded ones are never given, not even when asked for', async () => {
    const ipam = { subnet: '10.0.0.0/29', exclude: ['10.0.0.2', '10.0.0.4/31'], dataDir: temporaryFolder() };
    const given: unknown[] = [];
    for (const id of ['a', 'b']) given.push((await call('ADD', { ipam }, { CNI_CONTAINERID: id })).document['ips']);
    expect(given).toMatchObject([[{ address: '10.0.0.3/29' }], [{ address: '10.0.0.6/29' }]]);
    expect((await call('ADD', { ipam }, { CNI_CONTAINERID: 'c' })).document['msg']).toContain(
      'no IP addresses available',
    );
    const asked = await call('ADD', { ipam }, { CNI_CONTAINERID: 'c', CNI_ARGS: 'IP=10.0.0.5' });
    expect(asked.document).toMatchObject({
      msg: 'failed to allocate for range 0: requested IP address 10.0.0.5 is not available in range set 10.0.0.1-10.0.0.6',
      details: expect.stringContaining('"exclude"'),
    });
  });

  test('a sticky pod gets its last address back while it is free', async () => {
    const ipam = { ...RANGE, sticky: true, dataDir: temporaryFolder() };
    const pod = (name: string, id: string) => ({
      CNI_CONTAINERID: id,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=${name}`,
    });
    const address = async (name: string, id: string) =>
      ((await call('ADD', { ipam }, pod(name, id))).document['ips'] as { address: string }[])[0]?.address;
    expect(await address('web-0', 'a')).toBe('10.0.0.2/24');
    expect(await address('web-1', 'b')).toBe('10.0.0.3/24');
    await call('DEL', { ipam }, pod('web-0', 'a'));
    expect(await address('web-0', 'c')).toBe('10.0.0.2/24');
    expect(await address('web-0', 'd')).toBe('10.0.0.4/24');
    await call('DEL', { ipam }, pod('web-1', 'b'));
    await call('ADD', { ipam }, { CNI_CONTAINERID: 'thief', CNI_ARGS: 'IP=10.0.0.3' });
    expect(await address('web-1', 'e')).toBe('10.0.0.5/24');
  });

  test('several requested in one set: the others are left over', async () => {
    const ipam = { ...RANGE, dataDir: temporaryFolder() };
    const { document } = await call('ADD', { ipam, runtimeConfig: { ips: ['10.0.0.5/9', '10.0.0.6'] } });
    expect(document['msg']).toBe('failed to allocate all requested IPs: 10.0.0.6');
  });

  test('damaged files in every slot of a /29 are free, and said to be', async () => {
    const dataDir = temporaryFolder();
    const ipam = { subnet: '10.0.0.0/29', dataDir };
    const folder = join(dataDir, 'net');
    mkdirSync(folder);
    const damage = ['', '\r\n', '\0\0\0\0', ' \n', 'a\0b\r\neth0'];
    for (const [at, text] of damage.entries()) writeFileSync(join(folder, `10.0.0.${at + 2}`), text);
    for (const [at] of damage.entries()) {
      const { exitCode, stderr } = await call('ADD', { ipam }, { CNI_CONTAINERID: `c${at}` });
      expect(exitCode).toBe(0);
      expect(stderr).toEqual([
        `host-local: ${folder}/10.0.0.${at + 2} is empty or damaged and names no container: the address is taken as free`,
      ]);
      expect(readFileSync(join(folder, `10.0.0.${at + 2}`), 'utf8')).toBe(`c${at}\r\neth0`);
    }
    expect(await call('ADD', { ipam }, { CNI_CONTAINERID: 'more' })).toMatchObject({ exitCode: 1 });
  });

  test('a range full of leases from before this boot heals itself; "reclaim": false forbids it', async () => {
    const dataDir = temporaryFolder();
    const ipam = { subnet: '10.0.0.0/29', dataDir };
    const folder = join(dataDir, 'net');
    mkdirSync(folder);
    for (let at = 2; at < 7; at++) {
      writeFileSync(join(folder, `10.0.0.${at}`), `old${at}\r\neth0`);
      utimesSync(join(folder, `10.0.0.${at}`), 1_000_000_000, 1_000_000_000);
    }
    expect((await call('ADD', { ipam: { ...ipam, reclaim: false } })).document).toMatchObject({
      msg: 'failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.6',
      details:
        'range 10.0.0.0/29: 5 leases, 5 from before this boot; "reclaim": false keeps the 5 dead ones; without it they are freed when they are needed',
    });
    const { exitCode, stderr } = await call('ADD', { ipam });
    expect(exitCode).toBe(0);
    expect(stderr).toHaveLength(5);
    expect(stderr[0]).toBe('host-local: reclaimed 10.0.0.2 from container old2 (eth0): it is from before this boot');
    expect(readdirSync(folder).sort()).toEqual(['10.0.0.2', 'last_reserved_ip.0', 'lock']);
  });
});
