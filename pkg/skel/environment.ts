import { shortened } from '../types/decode.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import type { Environment } from './plugin.ts';

/** The protocol's variables after validation; what a verb does not take is ''. */
export interface ProtocolVariables {
  readonly command: string;
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  readonly args: string;
  readonly path: string;
  readonly netnsOverride: boolean;
}

const REQUIRING_VERBS = {
  CNI_CONTAINERID: ['ADD', 'CHECK', 'DEL'],
  CNI_NETNS: ['ADD', 'CHECK'],
  CNI_IFNAME: ['ADD', 'CHECK', 'DEL'],
  CNI_PATH: ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'],
} as const;

/** The verbs that are about one attachment; the others ignore what the environment says of one. */
const ATTACHMENT_VERBS: readonly string[] = REQUIRING_VERBS.CNI_CONTAINERID;

const VALIDATORS: Readonly<Record<string, (value: string) => void>> = {
  CNI_CONTAINERID: validateContainerId,
  CNI_IFNAME: validateInterfaceName,
};

/**
 * Reads and validates the variables of the protocol.
 *
 * An invalid value ends the reading at once; missing ones are reported together, in the order of the specification.
 */
export function readVariables(environment: Environment): ProtocolVariables {
  const command = environment['CNI_COMMAND'] ?? '';
  const missing: string[] = command === '' ? ['CNI_COMMAND'] : [];
  for (const [name, verbs] of Object.entries(REQUIRING_VERBS)) {
    if (!(verbs as readonly string[]).includes(command)) continue;
    const value = environment[name] ?? '';
    if (value === '') missing.push(name);
    else VALIDATORS[name]?.(value);
  }
  if (missing.length > 0) {
    throw new CniError(ErrorCode.invalidEnvironment, `required env variables [${missing.join(',')}] missing`);
  }
  const attachment = ATTACHMENT_VERBS.includes(command) ? environment : {};
  return {
    command,
    containerId: attachment['CNI_CONTAINERID'] ?? '',
    netns: attachment['CNI_NETNS'] ?? '',
    ifName: attachment['CNI_IFNAME'] ?? '',
    args: attachment['CNI_ARGS'] ?? '',
    path: environment['CNI_PATH'] ?? '',
    netnsOverride: ['TRUE', '1'].includes((attachment['CNI_NETNS_OVERRIDE'] ?? '').toUpperCase()),
  };
}

const IDENTIFIER = /^[a-zA-Z0-9][\w.-]*$/;

/** Refuses an id that could be anything but a name in a path. */
export function validateContainerId(id: string): void {
  if (IDENTIFIER.test(id)) return;
  throw new CniError(ErrorCode.invalidEnvironment, 'invalid characters in containerID', id);
}

/** Refuses a network name that is missing or could be anything but a name in a path. */
export function validateNetworkName(name: string): void {
  if (name === '') throw new CniError(ErrorCode.invalidConfig, 'missing network name');
  if (IDENTIFIER.test(name)) return;
  throw new CniError(ErrorCode.invalidConfig, 'invalid characters found in network name', shortened(name));
}

/** What Unicode calls white space, spelled out: `\s` takes a byte order mark too. */
const SEPARATOR = /[/:\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Refuses what the kernel would not take as the name of an interface. */
export function validateInterfaceName(name: string): void {
  if (name === '.' || name === '..') refuseName('interface name is . or ..');
  if (new TextEncoder().encode(name).length > 15) {
    refuseName('interface name is too long', 'interface name should be less than 16 characters');
  }
  if (SEPARATOR.test(name)) refuseName('interface name contains / or : or whitespace characters');
}

function refuseName(message: string, details = ''): never {
  throw new CniError(ErrorCode.invalidEnvironment, message, details);
}
