import { isObject } from '../../pkg/json/decode.ts';
import type { Call, JsonObject } from '../../pkg/skel/plugin.ts';
import { type DelegateConf, delegateConf, sectionsOf } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import type { SubnetEnv } from './subnet-env.ts';
import { subnetsIfAny } from './subnets.ts';

/** What stands for the network of a host whose flanneld is gone. */
const UNKNOWN: SubnetEnv = { networks: [], subnets: [], mtu: 0, masquerades: false };

/**
 * The delegate's configuration once more, for taking things down: from the configuration and what flanneld says now.
 * Nothing is refused, and what is not known is left out; addresses and links are found by the container all the same.
 *
 * @param isThorough whether rules are looked for even where flanneld makes them now: it may not have done so always
 */
export function rebuiltConf(call: Call<FlannelConf>, isThorough: boolean): DelegateConf {
  const { delegate, ipam } = sectionsOf(call.rawConf);
  const { name: _name, ipam: _ipam, type, ...rest } = delegate;
  const named: JsonObject = typeof type === 'string' && type !== '' ? { ...rest, type } : rest;
  const { routes: _routes, ...addressing } = ipam;
  const rawConf = { ...withoutSections(call.rawConf), delegate: named, ipam: addressing };
  const subnets = subnetsIfAny(call) ?? UNKNOWN;
  return delegateConf({ ...call, rawConf }, isThorough ? { ...subnets, masquerades: false } : subnets);
}

function withoutSections(raw: JsonObject): JsonObject {
  const kept: JsonObject = {};
  for (const [key, value] of Object.entries(raw)) {
    if (!isObject(value) || !['delegate', 'ipam'].includes(key.toLowerCase())) kept[key] = value;
  }
  return kept;
}
