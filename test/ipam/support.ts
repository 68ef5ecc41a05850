import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { ROOT } from '../../scripts/lib/project.ts';

/** Our host-local. */
export const OURS = join(ROOT, 'dist/bin/host-local');

if (!existsSync(OURS)) throw new Error('dist/bin/host-local is missing: run "npm run build" first');

/** How one call ended. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;
  /** What was printed, decoded; `undefined` when it is not one JSON document. */
  readonly document: Document | undefined;
}

/** A result or an error. */
export interface Document {
  readonly code?: number;
  readonly msg?: string;
  readonly details?: string;
  readonly ips?: readonly { readonly address: string; readonly gateway?: string }[];
}

/** One call of a plugin. */
export interface PluginCall {
  readonly verb: string;
  readonly containerId?: string;
  readonly ifName?: string;
  readonly args?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Commands in front of the plugin, for example strace. */
  readonly prefix?: readonly string[];
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-ipam-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A configuration of network `net` whose leases are in this folder. */
export function configOf(dataDir: string, ipam: object, more: object = {}): object {
  return { cniVersion: '1.1.0', name: 'net', type: 'host-local', ...more, ipam: { dataDir, ...ipam } };
}

/** Calls a plugin as a runtime does, with an environment of its own. */
export async function callPlugin(file: string, config: object, call: PluginCall): Promise<Outcome> {
  const { verb, containerId = 'c1', ifName = 'eth0', args = '', env = {}, prefix = [] } = call;
  const [command = file, ...rest] = [...prefix, file];
  const { exitCode, signal, stdout, stderr } = await execa(command, rest, {
    extendEnv: false,
    env: {
      PATH: process.env['PATH'],
      CNI_COMMAND: verb,
      CNI_CONTAINERID: containerId,
      CNI_IFNAME: ifName,
      CNI_NETNS: '/proc/nothing/ns/net',
      CNI_PATH: '/nowhere',
      CNI_ARGS: args,
      ...env,
    },
    input: JSON.stringify(config),
    reject: false,
    timeout: 120_000,
  });
  return { exitCode, signal, stderr, document: decode(stdout) };
}

function decode(text: string): Document | undefined {
  try {
    return JSON.parse(text) as Document;
  } catch {
    return undefined;
  }
}

/** The addresses of a successful ADD, without prefix length. */
export function addressesOf(outcome: Outcome): readonly string[] {
  return (outcome.document?.ips ?? []).map(({ address }) => address.slice(0, address.indexOf('/')));
}

/** Name and content of every file in a network's folder. */
export function contentOf(dataDir: string, network = 'net'): Readonly<Record<string, string>> {
  const folder = join(dataDir, network);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** The leases in a network's folder: content by address. */
export function leasesIn(dataDir: string, network = 'net'): Readonly<Record<string, string>> {
  const files = Object.entries(contentOf(dataDir, network));
  return Object.fromEntries(files.filter(([name]) => name !== 'lock' && !name.startsWith('last_reserved_ip.')));
}

/** Does work on every element, so many at a time, and gives the outcomes in order. */
export async function inFlight<T, R>(
  elements: readonly T[],
  width: number,
  work: (element: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const outcomes: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < elements.length; index = next++) {
      outcomes[index] = await work(elements[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return outcomes;
}
