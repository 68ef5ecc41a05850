import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { AddCall } from './attempt.ts';
import { type Forwarding, forwardingOf } from './forwarding.ts';
import { mappingsOf } from './mapping.ts';
import { previousResult } from './previous.ts';
import { type PortmapSettings, settingsOf } from './settings.ts';

const FAILURE = 'failed to parse config: ';

/** What an ADD is asked for. */
export interface AddRequest {
  readonly result: Result;
  readonly settings: PortmapSettings;
  /** `undefined` when there is nothing to forward. */
  readonly forwarding: Forwarding | undefined;
}

/** Reads the call of an ADD, or refuses it. */
export function readAdd(call: AddCall): AddRequest {
  const result = previousResult(call, FAILURE);
  const settings = settingsOf(call.conf, FAILURE);
  const mappings = mappingsOf(call.conf, FAILURE);
  if (result === undefined) {
    const details = 'found no "prevResult"; portmap comes after a plugin that makes an interface, such as bridge';
    throw new CniError(ErrorCode.invalidConfig, 'must be called as chained plugin', details);
  }
  if (mappings.length === 0) return { result, settings, forwarding: undefined };
  const forwarding = forwardingOf(settings, mappings, result, call.ifName);
  return { result, settings, forwarding: forwarding.addresses.length > 0 ? forwarding : undefined };
}
