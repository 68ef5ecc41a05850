import { describe, expect, test } from 'vitest';
import { ask } from '../../test/protocol/in-process.ts';
import { firewall } from './plugin.ts';

const PREVIOUS = { cniVersion: '1.1.0', interfaces: [{ name: 'cni0' }], ips: [{ address: '10.1.2.3/24' }] };

describe('configurations that are refused before anything is done', () => {
  test.each<[string, object, number, string, RegExp]>([
    [
      'a policy that there is not',
      { ingressPolicy: 'x' },
      7,
      'unknown ingress policy: "x"',
      /key "ingressPolicy".*"isolated"/,
    ],
    [
      'a chain with a blank',
      { iptablesAdminChainName: 'a b' },
      7,
      'invalid chain name "a b"',
      /key "iptablesAdminChainName"/,
    ],
    ['a chain like an option', { iptablesAdminChainName: '-F' }, 7, 'invalid chain name "-F"', /28/],
    ['a chain too long', { iptablesAdminChainName: 'x'.repeat(29) }, 7, `invalid chain name "${'x'.repeat(29)}"`, /28/],
    ['no previous result', { prevResult: undefined }, 999, 'missing prevResult from earlier plugin', /bridge/],
    [
      'a policy without a bridge',
      { ingressPolicy: 'isolated', prevResult: { ...PREVIOUS, interfaces: [] } },
      999,
      'interface needs to be set for ingress policy "isolated", make sure to chain "firewall" plugin with "bridge"',
      /interfaces/,
    ],
    [
      'a bridge without a name',
      { ingressPolicy: 'isolated', prevResult: { ...PREVIOUS, interfaces: [{ name: '' }] } },
      999,
      'got empty bridge name',
      /interfaces\[0\]/,
    ],
  ])('%s', async (_, conf, code, msg, details) => {
    const { document } = await ask(firewall, 'ADD', { type: 'firewall', prevResult: PREVIOUS, ...conf });
    expect(document).toMatchObject({ code, msg });
    expect(document['details']).toMatch(details);
  });
});

test('a result without addresses passes through', async () => {
  const prevResult = { cniVersion: '1.1.0', interfaces: [{ name: 'cni0' }] };
  const { exitCode, document } = await ask(firewall, 'ADD', { type: 'firewall', backend: 'nope', prevResult });
  expect(exitCode).toBe(0);
  expect(document).toMatchObject({ interfaces: [{ name: 'cni0' }] });
});
