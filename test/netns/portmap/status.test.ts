import { expect, test } from 'vitest';
import { callPlugin, type PluginOutcome } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { withoutProgram } from '../harness/without.ts';
import { SHARED } from './support.ts';

const host = await useHost({ mayStay: SHARED });

function status(conf: object = {}): Promise<PluginOutcome> {
  return callPlugin(host, 'portmap', {
    verb: 'STATUS',
    conf: { cniVersion: '1.1.0', name: 'net', type: 'portmap', ...conf },
  });
}

test('a host with a backend is ready', async () => {
  for (const conf of [{}, { backend: 'iptables' }, { backend: 'nftables' }])
    expect((await status(conf)).exitCode).toBe(0);
});

test('one backend is enough, unless the other is asked for', async () => {
  await withoutProgram(host, 'iptables', async () => {
    expect((await status()).exitCode).toBe(0);
    const { error } = await status({ backend: 'iptables' });
    expect(error?.code).toBe(50);
    expect(error?.details).toContain('iptables');
  });
  await withoutProgram(host, 'nft', async () => {
    expect((await status()).exitCode).toBe(0);
    expect((await status({ backend: 'nftables' })).error?.code).toBe(50);
  });
});

test('no backend at all', async () => {
  await withoutProgram(host, 'nft', () =>
    withoutProgram(host, 'iptables', async () => {
      const { error } = await status();
      expect(error?.code).toBe(50);
      expect(error?.details).toContain('neither iptables nor nftables can be used');
    }),
  );
});

test.each([
  [{ backend: 'other' }, 'unrecognized backend "other"'],
  [{ markMasqBit: 32 }, 'MasqMarkBit must be between 0 and 31'],
  [{ snat: 'yes' }, 'snat'],
])('a configuration with which no ADD can succeed: %j', async (conf, said) => {
  const { error } = await status(conf);
  expect(error?.code).toBe(50);
  expect(error?.details).toContain(said);
});
