import { describe, expect, test } from 'vitest';
import { attachmentOf } from '../bridge/support.ts';
import type { Pod } from '../harness/host.ts';
import { type Attachment, ChainError, Runtime } from '../harness/libcni.ts';
import { useHost } from '../harness/use.ts';
import { DATA_DIR, flannelList, NODE, removeSubnets, STAYS, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: STAYS });
const LIST = flannelList({}, { cniVersion: '1.0.0' });

async function attached(work: (runtime: Runtime, attachment: Attachment, pod: Pod) => Promise<void>): Promise<void> {
  writeSubnets(host);
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  const attachment = attachmentOf(pod);
  await runtime.add(LIST, attachment);
  await work(runtime, attachment, pod);
  await runtime.del(LIST, attachment);
}

async function refusal(work: Promise<void>): Promise<string> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ChainError);
  return String(thrown);
}

describe('CHECK is content with what ADD made', () => {
  test.each([
    ['at once', async () => {}],
    [
      'when the node has another subnet',
      async () => writeSubnets(host, { ...NODE, subnet: '10.244.9.1/24', mtu: 1300 }),
    ],
    ['when flannel is uninstalled', async () => removeSubnets(host)],
    ['when the file is lost', () => host.run(['rm', `${DATA_DIR}/c1`])],
    ['when the records are lost', () => host.run(['rm', '-rf', '/run/cni-ts'])],
    ['when the file and the records are lost', () => host.run(['rm', '-rf', '/run/cni-ts', DATA_DIR])],
  ])('%s', async (_, change) => {
    await attached(async (runtime, attachment) => {
      await change();
      await runtime.check(LIST, attachment);
    });
  });

  test.each(['0.4.0', '1.1.0'])('in version %s', async (cniVersion) => {
    writeSubnets(host);
    const attachment = attachmentOf(await host.addPod());
    const [runtime, list] = [new Runtime(host), flannelList({}, { cniVersion })];
    await runtime.add(list, attachment);
    await runtime.check(list, attachment);
    await runtime.del(list, attachment);
  });
});

describe('CHECK tells what is wrong', () => {
  test('with the link', async () => {
    await attached(async (runtime, attachment, pod) => {
      await pod.ip('link set dev eth0 down');
      expect(await refusal(runtime.check(LIST, attachment))).toContain('interface eth0 is down');
    });
  });

  test('with a route to the network', async () => {
    await attached(async (runtime, attachment, pod) => {
      await pod.ip('route del 10.244.0.0/16');
      expect(await refusal(runtime.check(LIST, attachment))).toContain('10.244.0.0/16');
    });
  });

  test('with the lease', async () => {
    await attached(async (runtime, attachment) => {
      await host.run(['sh', '-c', 'rm /var/lib/cni/networks/cbr0/10.*']);
      expect(await refusal(runtime.check(LIST, attachment))).toContain('host-local');
    });
  });

  test('when everything about it is lost, and flannel too', async () => {
    await attached(async (runtime, attachment) => {
      await host.run(['rm', '-rf', '/run/cni-ts', DATA_DIR, '/run/flannel']);
      expect(await refusal(runtime.check(LIST, attachment))).toContain("failed to load flannel 'subnet.env' file");
    });
  });
});
