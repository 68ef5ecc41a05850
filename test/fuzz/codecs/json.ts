import { decodeJson, JsonError } from '../../../pkg/json/decode.ts';
import { duplicateKeyUnder } from '../../../pkg/json/duplicates.ts';
import { findSyntaxError, locateSyntaxError } from '../../../pkg/json/syntax-error.ts';
import { type JsonNode, jsonTree } from '../../../pkg/json/tree.ts';
import { CniError } from '../../../pkg/types/error.ts';
import { parseResult } from '../../../pkg/types/parse-result.ts';
import { printResult } from '../../../pkg/types/print.ts';
import { isSpecVersion, resultFamily } from '../../../pkg/types/version.ts';
import { bytesOfText, expectSame, type Target, textOfBytes } from './target.ts';

const RESULTS: readonly object[] = [
  {
    cniVersion: '1.1.0',
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', mtu: 1400, sandbox: '/run/netns/pod' }],
    ips: [{ address: '10.1.0.2/24', gateway: '10.1.0.1', interface: 0 }, { address: 'fd00:1::2/64' }],
    routes: [{ dst: '0.0.0.0/0', gw: '10.1.0.1', mtu: 1300, table: 100, scope: 253 }],
    dns: { nameservers: ['10.1.0.1'], domain: 'test', search: ['a'], options: ['ndots:5'] },
  },
  { cniVersion: '0.4.0', ips: [{ version: '4', address: '10.1.0.2/24' }] },
  { cniVersion: '0.2.0', ip4: { ip: '10.1.2.3/24', routes: [{ dst: '10.0.0.0/8' }] }, ip6: { ip: 'fd00::1/64' } },
];
const CONFIGURATION = {
  cniVersion: '1.0.0',
  name: 'net',
  sysctl: { 'net.core.somaxconn': '500', 'a"\\': '1', b: [1, -2.5e3, true, null] },
};
const MANY = `{"sysctl":{${Array.from({ length: 2000 }, (_, key) => `"k${key}":"1"`).join()}}}`;

const SEEDS: readonly [Uint8Array, ...Uint8Array[]] = [
  bytesOfText(JSON.stringify(CONFIGURATION, null, 2)),
  bytesOfText(JSON.stringify(CONFIGURATION)),
  bytesOfText(MANY),
  ...RESULTS.map((result) => bytesOfText(JSON.stringify(result))),
];

const WORDS = [
  '{',
  '}',
  '[',
  ']',
  '[[[[[[[[',
  '{"a":',
  ',',
  ':',
  '"',
  '\\',
  '\\u00',
  '\\ud800',
  '\ud83d\ude00',
  'null',
  '1e999',
  '-0',
  '99999999999999999999',
  '"__proto__":',
  '"sysctl":{',
  '"constructor":{',
  '\n',
  '\u2028',
  '"10.1.0.2/33"',
  '"::/0"',
] as const;

const documents: Target = {
  name: 'json: documents',
  isJson: true,
  seeds: SEEDS,
  words: WORDS,
  async read(bytes) {
    const text = textOfBytes(bytes);
    const problem = locateSyntaxErrorIn(text);
    if (problem === undefined) expectSame(parsed(text) !== undefined, true, 'what is said to be right');
    const value = await decodeJson(text);
    // The engine may take more than JSON is, but nobody is given it.
    expectSame(problem, undefined, `what is wrong with ${text.slice(0, 200)}`);
    const tree = jsonTree(text);
    const duplicate = duplicateKeyUnder(text, 'sysctl');
    if (tree.kind === 'object') {
      // Of several the last one counts for the decoder, and each is looked at for keys that stand twice.
      const members = tree.members.filter(({ key }) => key === 'sysctl').map((member) => member.value);
      expectSame(duplicate !== undefined, members.some(hasTwice), 'a key that stands twice');
    }
    return [value, duplicate];
  },
  refuses: (thrown) => thrown instanceof JsonError,
};

/** Beyond a depth that is refused before, the walk would need more of the stack than there is. */
function locateSyntaxErrorIn(text: string): unknown {
  if (text.split(/[[{]/).length > 1000) return parsed(text) === undefined ? 'not looked for' : undefined;
  const problem = locateSyntaxError(text);
  if (problem !== undefined && findSyntaxError(text) === '') throw new Error('an error without words');
  return problem;
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function hasTwice(node: JsonNode): boolean {
  return node.kind === 'object' && new Set(node.members.map(({ key }) => key)).size < node.members.length;
}

const results: Target = {
  name: 'json: results of plugins',
  isJson: true,
  seeds: [SEEDS[3] ?? SEEDS[0], ...SEEDS.slice(4)],
  words: WORDS,
  read(bytes) {
    const document = parsed(textOfBytes(bytes))?.value;
    if (typeof document !== 'object' || document === null) return undefined;
    const version = String((document as Record<string, unknown>)['cniVersion']);
    const result = parseResult(document, version);
    if (!isSpecVersion(version)) return undefined;
    // The oldest versions have a place for one address of each family, and know nobody to put two of one there.
    const families = (result.ips ?? []).map(({ address }) => address.includes(':'));
    if (resultFamily(version) === 'pair' && families.length > 1 && families[0] === families[1]) return result;
    const text = printResult(result, version, version);
    expectSame(parseResult(JSON.parse(text), version), result, 'a result');
    return result;
  },
  refuses: (thrown) => thrown instanceof CniError,
};

/** Readers of JSON texts. */
export const JSON_TARGETS: readonly Target[] = [documents, results];
