import { readConfig } from '../../../pkg/config/read.ts';
import type { Client } from '../../../pkg/dhcp/client.ts';
import { OPTION } from '../../../pkg/dhcp/options.ts';
import type { GobObject } from '../../../pkg/gob/types.ts';
import { decodeJson, isObject } from '../../../pkg/json/decode.ts';
import type { Attachment } from '../../../pkg/types/attachment.ts';
import { quote } from '../../../pkg/types/quote.ts';
import { dhcpSchema } from '../schema.ts';

/** One call of a plugin, as the daemon understands it. */
export interface Wanted {
  readonly key: Attachment;
  /** How the server and the log know it. */
  readonly id: string;
  readonly netns: string;
  readonly options: Client['options'];
  /** Metric of all routes; 0 is the kernel's choice. */
  readonly priority: number;
}

/** Names that configurations use. */
const NAMES: Readonly<Record<string, number>> = {
  'dhcp-client-identifier': OPTION.clientId,
  'subnet-mask': OPTION.subnetMask,
  routers: OPTION.routers,
  'host-name': OPTION.hostName,
  'user-class': OPTION.userClass,
  'vendor-class-identifier': OPTION.vendorClass,
};

/** What is asked for besides, unless it is not wanted; and when nothing is left, what the reference's library asks for. */
const BESIDES = [OPTION.routers, OPTION.subnetMask];
const INSTEAD_OF_NOTHING = [OPTION.subnetMask, OPTION.routers, 15, 6];
const MAX_ID_BYTES = 254;
const MAX_VALUE_BYTES = 255;

/** Which attachment a call is about. */
export async function keyOf(args: GobObject): Promise<Attachment> {
  return (await read(args)).key;
}

/** What a call wants; throws in the reference's words. */
export async function wantedOf(args: GobObject): Promise<Wanted> {
  const { key, conf } = await read(args);
  const { provide = [], request = [], priority = 0 } = conf.ipam ?? {};
  const id = new TextDecoder().decode(
    encode(`${key.containerId}/${key.network}/${key.ifName}`).subarray(0, MAX_ID_BYTES),
  );
  const options = new Map<number, Uint8Array>([[OPTION.clientId, Uint8Array.of(0, ...encode(id))]]);
  const given = readArgs(textOf(args['Args']));
  for (const { option = '', value = '', fromArg = '' } of provide) {
    const code = optionCode(option);
    for (const text of [value, given.get(fromArg) ?? '']) {
      if (text === '') continue;
      if (encode(text).length > MAX_VALUE_BYTES) {
        throw new Error(`value too long for option ${quote(option)}: ${quote(text)}`);
      }
      options.set(code, encode(text));
    }
  }
  const parameters = request.filter(({ option = '' }) => option !== '').map(({ option = '' }) => optionCode(option));
  if (!request.some(({ skipDefault }) => skipDefault === true)) {
    parameters.push(...BESIDES.filter((code) => !parameters.includes(code)));
  }
  options.set(OPTION.parameters, Uint8Array.from(parameters.length === 0 ? INSTEAD_OF_NOTHING : parameters));
  return { key, id, netns: textOf(args['Netns']), options, priority };
}

async function read(args: GobObject) {
  const stdin = args['StdinData'];
  const decoded = await decodeJson(stdin instanceof Uint8Array ? new TextDecoder().decode(stdin) : '{}');
  const raw = isObject(decoded) ? decoded : {};
  const { conf } = readConfig(dhcpSchema, raw, 'error parsing netconf', false);
  const name = Object.entries(raw).find(([key]) => key.toLowerCase() === 'name')?.[1];
  const key: Attachment = {
    containerId: textOf(args['ContainerID']),
    network: typeof name === 'string' ? name : '',
    ifName: textOf(args['IfName']),
  };
  return { key, conf };
}

function optionCode(name: string): number {
  const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (known !== undefined) return known;
  const fail = (why: string) => {
    const parse = `strconv.ParseUint: parsing ${quote(name)}: ${why}`;
    return new Error(`Can not parse option ${quote(name)}: Can not parse option: ${parse}`);
  };
  if (!/^\d+$/.test(name)) throw fail('invalid syntax');
  if (Number(name) > 255) throw fail('value out of range');
  return Number(name);
}

/** CNI_ARGS in any form: pieces that are no pairs do not count. */
function readArgs(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(';').filter((piece) => piece.includes('='));
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
