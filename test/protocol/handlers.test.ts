import { describe, expect, test } from 'vitest';
import type { AttachmentCall, GcCall } from '../../pkg/skel/plugin.ts';
import { CniError } from '../../pkg/types/error.ts';
import { errorDocument } from './expect-outcome.ts';
import { FAKE_SCHEMA, fakePlugin, fakePluginWithKeys } from './fake-plugin.ts';
import { callInProcess } from './in-process.ts';

const environment = {
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/other',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'IgnoreUnknown=1;A=B',
  CNI_PATH: '/opt/cni/bin',
};

const ADD = { ...environment, CNI_COMMAND: 'ADD' };

function conf(more: object = {}): string {
  return JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'fake', ...more });
}

describe('a handler is given', () => {
  test('the call as the runtime made it', async () => {
    const { plugin, calls } = fakePlugin({});
    const stdin = conf({ a: 1 });
    await callInProcess(ADD, stdin, plugin);
    const { verb, network, cniVersion, containerId, ifName, netns, args, configText, rawConf } =
      calls[0] as AttachmentCall<unknown>;
    expect({ verb, network, cniVersion, containerId, ifName, netns, args, configText, rawConf }).toEqual({
      verb: 'ADD',
      network: 'net',
      cniVersion: '1.0.0',
      containerId: 'c1',
      ifName: 'eth0',
      netns: '/other',
      args: 'IgnoreUnknown=1;A=B',
      configText: stdin,
      rawConf: JSON.parse(stdin),
    });
  });

  test.each(['DEL', 'CHECK', 'GC', 'STATUS'])('%s, and success is silent', async (verb) => {
    const { plugin, calls } = fakePlugin({});
    const outcome = await callInProcess({ ...environment, CNI_COMMAND: verb }, conf({ cniVersion: '1.1.0' }), plugin);
    expect(outcome).toEqual({ stdout: '', exitCode: 0 });
    expect(calls.map((call) => call.verb)).toEqual([verb]);
  });

  test.each([
    [{ 'cni.dev/valid-attachments': [{ containerID: 'a', ifname: 'b' }] }, [{ containerID: 'a', ifname: 'b' }]],
    [{ 'cni.dev/attachments': [{ containerID: 'a', ifname: 'b' }] }, [{ containerID: 'a', ifname: 'b' }]],
    [{ 'CNI.dev/Valid-Attachments': [] }, []],
    [{}, undefined],
  ])('GC the attachments of %j', async (more, attachments) => {
    const { plugin, calls } = fakePlugin({});
    await callInProcess({ ...environment, CNI_COMMAND: 'GC' }, conf({ cniVersion: '1.1.0', ...more }), plugin);
    expect((calls[0] as GcCall<unknown>).validAttachments).toEqual(attachments);
  });
});

describe("the plugin's own namespace", () => {
  test.each(['ADD', 'DEL'])('%s refuses it before anything is done', async (verb) => {
    const { plugin, calls } = fakePlugin({});
    const own = { ...environment, CNI_COMMAND: verb, CNI_NETNS: '/own' };
    const document = errorDocument(await callInProcess(own, conf(), plugin));
    expect(document).toMatchObject({
      code: 8,
      msg: "plugin's netns and netns from CNI_NETNS should not be the same",
    });
    expect(calls).toEqual([]);
  });

  test.each(['1', 'true', 'TRUE', 'True'])('CNI_NETNS_OVERRIDE=%s allows it', async (value) => {
    const { plugin, calls } = fakePlugin({});
    const outcome = await callInProcess({ ...ADD, CNI_NETNS: '/own', CNI_NETNS_OVERRIDE: value }, conf(), plugin);
    expect(outcome.exitCode).toBe(0);
    expect(calls).toHaveLength(1);
  });

  test.each(['', '0', 'false', 'yes', '2', ' 1'])('CNI_NETNS_OVERRIDE=%j does not', async (value) => {
    const { plugin, calls } = fakePlugin({});
    const own = { ...ADD, CNI_NETNS: '/own', CNI_NETNS_OVERRIDE: value };
    expect(errorDocument(await callInProcess(own, conf(), plugin))['code']).toBe(8);
    expect(calls).toEqual([]);
  });

  test('CHECK may look at it', async () => {
    const { plugin, calls } = fakePlugin({});
    await callInProcess({ ...environment, CNI_COMMAND: 'CHECK', CNI_NETNS: '/own' }, conf(), plugin);
    expect(calls).toHaveLength(1);
  });
});

describe('results', () => {
  test('one that cannot be printed is taken back', async () => {
    const { plugin, calls } = fakePlugin({ interfaces: [{ name: 'eth0' }] });
    const document = errorDocument(await callInProcess(ADD, conf({ cniVersion: '0.2.0' }), plugin));
    expect(document).toMatchObject({ cniVersion: '0.2.0', code: 999, msg: 'cannot convert: no valid IP addresses' });
    expect(calls.map(({ verb }) => verb)).toEqual(['ADD', 'DEL']);
  });

  test('the error is that of the ADD even when taking back fails', async () => {
    const del = () => Promise.reject(new CniError(11, 'later'));
    const { plugin } = fakePlugin({}, { del });
    const warnings: string[] = [];
    const outcome = await callInProcess(ADD, conf({ cniVersion: '0.1.0' }), plugin, warnings);
    expect(errorDocument(outcome)['msg']).toBe('cannot convert: no valid IP addresses');
    expect(warnings).toEqual(['roll-back: later']);
  });

  test('a prevResult without addresses passes through the oldest versions', async () => {
    const { plugin } = fakePlugin((call) => call.prevResult ?? {});
    const outcome = await callInProcess(ADD, conf({ cniVersion: '0.2.0', prevResult: {} }), plugin);
    expect(JSON.parse(outcome.stdout)).toEqual({ cniVersion: '0.2.0', dns: {} });
  });

  test('a prevResult in any letter case is handed on without what no version knows', async () => {
    const { plugin } = fakePlugin((call) => call.prevResult ?? {});
    const prevResult = { CNIVERSION: '1.0.0', IPS: [{ Address: '010.0.0.1/8' }] };
    expect(errorDocument(await callInProcess(ADD, conf({ prevResult }), plugin))['msg']).toContain('010.0.0.1/8');
    const good = { CNIVERSION: '1.0.0', IPS: [{ Address: '::ffff:10.0.0.1/104', Extra: 1 }], extra: 1 };
    const outcome = await callInProcess(ADD, conf({ prevResult: good }), plugin);
    expect(JSON.parse(outcome.stdout)).toEqual({ cniVersion: '1.0.0', ips: [{ address: '10.0.0.1/8' }] });
  });
});

describe('errors', () => {
  test.each([
    [new CniError(11, 'try again', 'the lock is taken'), { code: 11, msg: 'try again', details: 'the lock is taken' }],
    [new CniError(104, 'own'), { code: 104, msg: 'own' }],
    [new Error('plain'), { code: 999, msg: 'plain' }],
    ['a text', { code: 999, msg: 'a text' }],
    [undefined, { code: 999, msg: 'undefined' }],
  ])('%s is printed as it is', async (thrown, expected) => {
    const { plugin } = fakePlugin(() => {
      throw thrown;
    });
    expect(errorDocument(await callInProcess(ADD, conf(), plugin))).toEqual({ cniVersion: '1.0.0', ...expected });
  });

  test('a defect says that it is one', async () => {
    const { plugin } = fakePlugin(() => {
      throw new TypeError('x is not a function');
    });
    const document = errorDocument(await callInProcess(ADD, conf(), plugin));
    expect(document['details']).toContain('this is a defect of the plugin');
  });
});

describe('configuration keys', () => {
  async function read(more: object | string): Promise<{ conf: unknown; warnings: string[]; error?: object }> {
    const { plugin, calls } = fakePluginWithKeys();
    const warnings: string[] = [];
    const stdin = typeof more === 'string' ? more : conf(more);
    const outcome = await callInProcess(ADD, stdin, plugin, warnings);
    const [call] = calls;
    if (call !== undefined) return { conf: JSON.parse(JSON.stringify(call.conf)), warnings };
    return { conf: undefined, warnings, error: errorDocument(outcome) };
  }

  test('match in any letter case, at any depth', async () => {
    const given = { ISGATEWAY: true, Mtu: 1400, RuntimeConfig: { PortMappings: [{ HostPort: 1, ContainerPort: 2 }] } };
    expect((await read(given)).conf).toEqual({
      isGateway: true,
      mtu: 1400,
      runtimeConfig: { portMappings: [{ hostPort: 1, containerPort: 2 }] },
    });
  });

  test('in free-form maps stay as they are', async () => {
    const sysctl = { 'net.ipv4.conf.IFNAME.arp': '1', Mtu: 'x', isgateway: 'y' };
    expect((await read({ sysctl })).conf).toEqual({ sysctl });
  });

  test('with null are absent, at any depth', async () => {
    const given = { mtu: null, ipam: { type: null, ranges: [[{ subnet: '10.0.0.0/8', rangeStart: null }]] } };
    expect((await read(given)).conf).toEqual({ ipam: { ranges: [[{ subnet: '10.0.0.0/8' }]] } });
  });

  test.each([
    [{ mtu: '1500' }, 'key "mtu": found string "1500", expected a whole number'],
    [{ mtu: 1.5 }, 'key "mtu": found number 1.5, expected a whole number'],
    [{ MTU: [] }, 'key "mtu": found array of length 0, expected a whole number'],
    [{ mtu: 1e300 }, /^key "mtu": found number 1e\+300, expected /],
    [{ isGateway: 'true' }, 'key "isGateway": found string "true", expected true or false'],
    [{ isGateway: 1 }, 'key "isGateway": found number 1, expected true or false'],
    [{ mode: 'l4' }, 'key "mode": found string "l4", expected one of "l2", "l3"'],
    [{ vlan: 4095 }, 'key "vlan": found number 4095, expected at most 4094'],
    [{ vlan: -1 }, 'key "vlan": found number -1, expected at least 0'],
    [{ ipMasq: 'yes' }, 'key "ipMasq": found string "yes", expected true or false or an object'],
    [{ ipam: [] }, 'key "ipam": found array of length 0, expected an object'],
    [{ ipam: { ranges: {} } }, 'key "ipam.ranges": found empty object, expected a list'],
    [{ ipam: { ranges: [[{}]] } }, 'key "ipam.ranges[0][0].subnet": found nothing, expected a text'],
    [{ ipam: { ranges: [[], [{ subnet: 7 }]] } }, 'key "ipam.ranges[1][0].subnet": found number 7, expected a text'],
    [{ sysctl: { a: 1 } }, 'key "sysctl.a": found number 1, expected a text'],
    [{ mtu: 'x'.repeat(1000) }, /^key "mtu": found string "x{60}…", expected a whole number$/],
  ])('%j is refused by name', async (more, why) => {
    const { error } = await read(more);
    const msg = typeof why === 'string' ? `failed to load netconf: ${why}` : expect.stringMatching(why.source.slice(1));
    expect(error).toMatchObject({ code: 7, msg });
  });

  test('all that do not fit are named', async () => {
    const { error } = await read({ mtu: 'x', isGateway: 1 });
    expect(error).toMatchObject({
      msg: 'failed to load netconf: key "isGateway": found number 1, expected true or false',
      details: 'also: key "mtu": found string "x", expected a whole number',
    });
  });

  test.each([
    [{ isGatway: true }, 'fake: unknown key "isGatway" is ignored; did you mean "isGateway"?'],
    [{ ipMask: true }, 'fake: unknown key "ipMask" is ignored; did you mean "ipMasq"?'],
    [{ ipam: { rnages: [] } }, 'fake: unknown key "ipam.rnages" is ignored; did you mean "ranges"?'],
    [
      { ipam: { ranges: [[{ subnet: '10.0.0.0/8', rangeSart: 'x' }]] } },
      'fake: unknown key "ipam.ranges[0][0].rangeSart" is ignored; did you mean "rangeStart"?',
    ],
    [{ prevResut: {} }, 'fake: unknown key "prevResut" is ignored; did you mean "prevResult"?'],
    [{ capabilites: {} }, 'fake: unknown key "capabilites" is ignored; did you mean "capabilities"?'],
  ])('%j is taken for a slip', async (more, warning) => {
    expect((await read(more)).warnings).toEqual([warning]);
  });

  test.each([
    { somethingElse: 1 },
    { capabilities: { mac: true }, dns: {}, args: {}, CNIVersion: '1.0.0' },
    { 'cni.dev/valid-attachments': [] },
    { a: 1, mt: 2 },
    { sysctl: { isGatway: 'x' } },
  ])('%j is not', async (more) => {
    expect((await read(more)).warnings).toEqual([]);
  });

  test("another plugin's keys at the top are no slips of the own ones, but those below are", async () => {
    const { plugin } = fakePlugin({}, { config: FAKE_SCHEMA, readsForeignConfig: true });
    const warnings: string[] = [];
    await callInProcess(ADD, conf({ isGatway: true, ipam: { rnages: [] } }), plugin, warnings);
    expect(warnings).toEqual(['fake: unknown key "ipam.rnages" is ignored; did you mean "ranges"?']);
  });

  test('of duplicates the last one counts, and the exact spelling before any other', async () => {
    expect((await read('{"cniVersion":"1.0.0","name":"n","mtu":1,"mtu":2}')).conf).toEqual({ mtu: 2 });
    expect((await read('{"cniVersion":"1.0.0","name":"n","MTU":1,"Mtu":2}')).conf).toEqual({ mtu: 2 });
    expect((await read('{"cniVersion":"1.0.0","name":"n","mtu":1,"MTU":2}')).conf).toEqual({ mtu: 1 });
    expect((await read('{"cniVersion":"1.0.0","name":"n","mtu":null,"MTU":2}')).conf).toEqual({ mtu: 2 });
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    '%s is a key like any other',
    async (key) => {
      const { conf: read_ } = await read(`{"cniVersion":"1.0.0","name":"n","mtu":1,"${key}":{"mtu":"x","polluted":1}}`);
      expect(read_).toEqual({ mtu: 1 });
      expect((await read(`{"cniVersion":"1.0.0","name":"n","ipam":{"${key}":{"type":"x"}}}`)).conf).toEqual({
        ipam: {},
      });
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    },
  );
});
