import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { chosenBackend, rulesBackend } from './choice.ts';
import type { Opening } from './open.ts';
import type { FirewallConf } from './schema.ts';
import { addressesOf, bridgeOf, settingsOf } from './settings.ts';

/** A call of ADD. */
export type AddCall = AttachmentCall<FirewallConf>;

/** What an ADD is asked for: `opening` is `undefined` when the container has no address. */
export interface AddRequest {
  readonly result: Result;
  readonly opening: Opening | undefined;
}

/** Reads the call of an ADD, or refuses it. */
export async function readAdd(call: AddCall): Promise<AddRequest> {
  const { policy, backend: configured, zone, adminChain } = settingsOf(call.conf, call.warn);
  const result = call.prevResult;
  if (result === undefined) {
    const details = 'found no "prevResult"; firewall comes after a plugin that gives addresses, such as bridge';
    throw new CniError(ErrorCode.internal, 'missing prevResult from earlier plugin', details);
  }
  const addresses = addressesOf(result);
  const separation = policy === undefined ? undefined : { policy, bridge: bridgeOf(result, policy) };
  if (addresses.length === 0) return { result, opening: undefined };
  const backend = await chosenBackend(configured, call.environment);
  const separator = backend === 'firewalld' ? rulesBackend(call.environment) : backend;
  return { result, opening: { backend, zone, addresses, adminChain, separation, separator, mayExist: false } };
}
