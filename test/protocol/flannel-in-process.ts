import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DelegateRequest } from '../../pkg/skel/delegator.ts';
import type { JsonObject } from '../../pkg/skel/plugin.ts';
import { respond } from '../../pkg/skel/respond.ts';
import type { Result } from '../../pkg/types/result.ts';
import { flannel } from '../../plugins/flannel/plugin.ts';

/** What flanneld writes for a network of both families. */
export const DUAL_ENV = `FLANNEL_NETWORK=10.244.0.0/16
FLANNEL_SUBNET=10.244.1.1/24
FLANNEL_IPV6_NETWORK=fd00:10:244::/56
FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64
FLANNEL_MTU=1450
FLANNEL_IPMASQ=true
`;

/** What flanneld writes for IPv4 alone. */
export const IPV4_ENV = `FLANNEL_NETWORK=10.244.0.0/16
FLANNEL_SUBNET=10.244.1.1/24
FLANNEL_MTU=1450
FLANNEL_IPMASQ=true
`;

/** A call's answer, and what the delegate was asked. */
export interface FlannelAnswer {
  readonly exitCode: number;
  readonly document: JsonObject;
  readonly stderr: readonly string[];
  readonly requests: readonly Omit<DelegateRequest, 'verb'>[];
}

/** A host of flannel's: folders of its own, and a delegate that is only a function. */
export interface FlannelHost {
  readonly folder: string;
  readonly dataDir: string;
  readonly subnetFile: string;
  call(verb: string, config: object | string, variables?: Readonly<Record<string, string>>): Promise<FlannelAnswer>;
  stored(containerId?: string): string;
}

/** Makes one for a test; `delegate` stands for the other plugin. */
export function flannelHost(
  env: string | undefined,
  delegate: (request: Omit<DelegateRequest, 'verb'>) => Result = () => ({ ips: [{ address: '10.244.1.2/24' }] }),
): FlannelHost {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-flannel-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [dataDir, subnetFile] = [join(folder, 'data'), join(folder, 'subnet.env')];
  if (env !== undefined) writeFileSync(subnetFile, env);
  return {
    folder,
    dataDir,
    subnetFile,
    stored: (containerId = 'c1') => readFileSync(join(dataDir, containerId), 'utf8'),
    async call(verb, config, variables = {}) {
      const requests: Omit<DelegateRequest, 'verb'>[] = [];
      const stderr: string[] = [];
      const put = async (request: Omit<DelegateRequest, 'verb'>): Promise<Result> => {
        requests.push(request);
        return delegate(request);
      };
      const environment = {
        CNI_COMMAND: verb,
        CNI_CONTAINERID: 'c1',
        CNI_IFNAME: 'eth0',
        CNI_NETNS: '/proc/no',
        CNI_PATH: '/no',
        CNI_TS_RUN_DIR: join(folder, 'run'),
        ...variables,
      };
      const own = { cniVersion: '0.3.1', name: 'cbr0', type: 'flannel', subnetFile, dataDir, subnetFileWaitMs: 0 };
      const stdin = typeof config === 'string' ? config : JSON.stringify({ ...own, ...config });
      const { stdout, exitCode } = await respond(flannel, {
        environment,
        readStdin: async () => stdin,
        isOwnNetns: () => false,
        warn: (line) => void stderr.push(line),
        delegator: () => ({ add: put, run: async (request) => void (await put(request)) }),
      });
      const document = stdout === '' ? {} : (JSON.parse(stdout) as JsonObject);
      return { exitCode, document, stderr, requests };
    },
  };
}
