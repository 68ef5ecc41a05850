import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDelegator } from '../../pkg/delegate/delegator.ts';
import type { Delegator } from '../../pkg/skel/delegator.ts';
import { pluginNamed } from '../table.ts';

/** The door that a main plugin has to its IPAM plugin, when both are of the same build. */
function door(folder: string): Delegator {
  const world = {
    isOwnNetns: () => false,
    warn: () => {},
    delegator: () => door(folder),
  };
  return createDelegator({
    environment: { CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_NETNS: '/proc/no', CNI_PATH: folder },
    pluginNamed,
    isFile: (file) => file === join(folder, 'host-local'),
    isSameBuild: () => true,
    world,
  });
}

test('a main plugin gets and frees addresses without starting a process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-in-process-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // It could not be run: only its build is looked at.
  writeFileSync(join(folder, 'host-local'), '');
  const delegator = door(folder);
  const ipam = { type: 'host-local', dataDir: folder, subnet: '10.5.0.0/24' };
  const config = JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'bridge', bridge: 'cni0', ipam });
  const result = await delegator.add({ type: 'host-local', config });
  expect(result.ips).toEqual([{ address: '10.5.0.2/24', gateway: '10.5.0.1' }]);
  await expect(delegator.add({ type: 'host-local', config })).rejects.toThrow(
    'failed to allocate for range 0: 10.5.0.2 has been allocated to c1, duplicate allocation is not allowed',
  );
  await delegator.run({ type: 'host-local', verb: 'DEL', config });
  expect(readdirSync(join(folder, 'net')).sort()).toEqual(['last_reserved_ip.0', 'lock']);
});
