import { MAX_DEPTH } from '../../pkg/json/decode.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';

/** One call of the protocol and what has to come of it. Nothing here is ever done: the namespaces do not exist. */
export interface ProtocolCase {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly expected:
    | { readonly code: number; readonly msg: string | RegExp; readonly details?: string | RegExp }
    | { readonly stdout: string };
}

/** A namespace that does not exist: a plugin that gets that far says so, or on DEL is content. */
export const GONE = '/run/netns/cni-ts-protocol-test';

const ALL = {
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: GONE,
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};

const REACHED = `failed to Statfs "${GONE}": no such file or directory`;
const SILENCE = { stdout: '' };

function conf(cniVersion: unknown, more: object = {}): string {
  return JSON.stringify({ ...(cniVersion === undefined ? {} : { cniVersion }), name: 'net', type: 'x', ...more });
}

function without(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(ALL).filter(([name]) => !names.includes(name)));
}

const missing: readonly ProtocolCase[] = (
  [
    ['ADD', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['CHECK', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['DEL', ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH']],
    ['GC', ['CNI_PATH']],
    ['STATUS', ['CNI_PATH']],
  ] as const
).flatMap(([verb, required]) => [
  ...required.flatMap((name): ProtocolCase[] => {
    const expected = { code: 4, msg: `required env variables [${name}] missing` };
    const base = { ...ALL, CNI_COMMAND: verb };
    return [
      { name: `${verb} without ${name}`, environment: { CNI_COMMAND: verb, ...without(name) }, stdin: '', expected },
      { name: `${verb} with an empty ${name}`, environment: { ...base, [name]: '' }, stdin: '', expected },
    ];
  }),
  {
    name: `${verb} without all that it requires names them in order`,
    environment: { CNI_COMMAND: verb },
    stdin: '',
    expected: { code: 4, msg: `required env variables [${required.join(',')}] missing` },
  },
]);

const notRequired: readonly ProtocolCase[] = [
  { verb: 'DEL', names: ['CNI_NETNS'], version: '1.0.0' },
  { verb: 'DEL', names: ['CNI_NETNS', 'CNI_ARGS'], version: '0.1.0' },
  { verb: 'GC', names: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], version: '1.1.0' },
  { verb: 'STATUS', names: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'], version: '1.1.0' },
].map(({ verb, names, version }) => ({
  name: `${verb} ${version} does without ${names.join(', ')}`,
  environment: { CNI_COMMAND: verb, ...without(...names) },
  stdin: conf(version),
  expected: SILENCE,
}));

const containerIds: readonly ProtocolCase[] = [
  ...['a', '0', 'A-b_c.d', 'x'.repeat(300), '0123456789abcdef'].map((id) => [id, true] as const),
  ...['-a', '_a', '.a', 'a b', 'a/b', 'ä', 'a\n', '../x', ' a', 'a:b', 'a%', '🐳'].map((id) => [id, false] as const),
].flatMap(([id, good]) =>
  ['ADD', 'CHECK', 'DEL'].map(
    (verb): ProtocolCase => ({
      name: `${verb} with container id ${JSON.stringify(id.slice(0, 20))}`,
      environment: { ...ALL, CNI_COMMAND: verb, CNI_CONTAINERID: id },
      stdin: conf('1.0.0'),
      expected: good ? goodOutcome(verb) : { code: 4, msg: 'invalid characters in containerID', details: id },
    }),
  ),
);

function goodOutcome(verb: string): ProtocolCase['expected'] {
  return verb === 'DEL' ? SILENCE : { code: 999, msg: REACHED };
}

const tooLong = {
  code: 4,
  msg: 'interface name is too long',
  details: 'interface name should be less than 16 characters',
};
const dots = { code: 4, msg: 'interface name is . or ..' };
const characters = { code: 4, msg: 'interface name contains / or : or whitespace characters' };

const interfaceNames: readonly ProtocolCase[] = (
  [
    ...['e', 'eth0', 'x'.repeat(15), 'ü'.repeat(7), 'a.b', '...', 'a-b', '-a'].map(
      (name) => [name, undefined] as const,
    ),
    ...['x'.repeat(16), 'ü'.repeat(8), '🐳'.repeat(4), 'x'.repeat(5000)].map((name) => [name, tooLong] as const),
    ...['.', '..'].map((name) => [name, dots] as const),
    ...['a/b', '/', 'a:0', 'a b', ' a', 'a\t', 'a\n', 'a\v', 'a\f', 'a\r'].map((name) => [name, characters] as const),
    ...['a\u0085', 'a\u00a0', 'a\u1680', 'a\u2003', 'a\u2028', 'a\u2029', 'a\u202f', 'a\u205f', 'a\u3000'].map(
      (name) => [name, characters] as const,
    ),
  ] as const
).flatMap(([name, expected]) =>
  ['ADD', 'DEL'].map(
    (verb): ProtocolCase => ({
      name: `${verb} with interface name ${JSON.stringify(name.slice(0, 20))}`,
      environment: { ...ALL, CNI_COMMAND: verb, CNI_IFNAME: name },
      stdin: conf('1.0.0'),
      expected: expected ?? goodOutcome(verb),
    }),
  ),
);

const order: readonly ProtocolCase[] = [
  {
    name: 'a value that is invalid is reported even when an earlier one is missing',
    environment: { CNI_COMMAND: 'ADD', ...without('CNI_CONTAINERID'), CNI_IFNAME: 'a/b' },
    stdin: '',
    expected: characters,
  },
  {
    name: 'of two invalid values the first is reported',
    environment: { ...ALL, CNI_COMMAND: 'ADD', CNI_CONTAINERID: '/', CNI_IFNAME: '/' },
    stdin: '',
    expected: { code: 4, msg: 'invalid characters in containerID', details: '/' },
  },
  {
    name: 'variables come before stdin',
    environment: { CNI_COMMAND: 'ADD', ...without('CNI_PATH') },
    stdin: '{',
    expected: { code: 4, msg: 'required env variables [CNI_PATH] missing' },
  },
  ...['FOO', 'add', 'ADD ', 'VERSIONS', 'version'].flatMap((verb): ProtocolCase[] => [
    {
      name: `the unknown verb ${JSON.stringify(verb)} with a good configuration`,
      environment: { ...ALL, CNI_COMMAND: verb },
      stdin: conf('1.0.0'),
      expected: { code: 4, msg: `unknown CNI_COMMAND: ${verb}` },
    },
    {
      name: `the unknown verb ${JSON.stringify(verb)} with nothing on stdin: that is read first`,
      environment: { ...ALL, CNI_COMMAND: verb },
      stdin: '',
      expected: { code: 6, msg: /^error unmarshall network config: unexpected end of JSON input/ },
    },
    {
      name: `the unknown verb ${JSON.stringify(verb)} needs no variable`,
      environment: { CNI_COMMAND: verb },
      stdin: conf('9.9.9'),
      expected: { code: 4, msg: `unknown CNI_COMMAND: ${verb}` },
    },
  ]),
  ...['ADD', 'DEL', 'GC', 'STATUS'].map(
    (verb): ProtocolCase => ({
      name: `${verb} ignores variables that are not its own`,
      environment: {
        ...ALL,
        CNI_COMMAND: verb,
        ...(verb === 'GC' || verb === 'STATUS' ? { CNI_CONTAINERID: '/', CNI_IFNAME: '..' } : { CNI_ARGS: 'garbage' }),
      },
      stdin: conf('1.1.0'),
      expected: verb === 'ADD' ? { code: 999, msg: REACHED } : SILENCE,
    }),
  ),
];

const versionAnswer = `{"cniVersion":"1.1.0","supportedVersions":[${SPEC_VERSIONS.map((version) => `"${version}"`).join(',')}]}\n`;

const versionVerb: readonly ProtocolCase[] = ['', '{', conf('0.4.0'), conf('9.9'), '\u0000', '[]', 'x'.repeat(1e6)].map(
  (stdin) => ({
    name: `VERSION does not care for ${JSON.stringify(stdin.slice(0, 30))} on stdin`,
    environment: { CNI_COMMAND: 'VERSION' },
    stdin,
    expected: { stdout: versionAnswer },
  }),
);

const broken: readonly ProtocolCase[] = (
  [
    ['', 'unexpected end of JSON input at line 1, column 1: the text is empty'],
    ['   \n ', /unexpected end of JSON input at line 2, column 2: the text is empty/],
    ['{"name":"net"', 'unexpected end of JSON input at line 1, column 14: expected "," or "}"'],
    ['{"name":"net"} x', 'line 1, column 16: found "x", expected the end of the document'],
    ["{'name':'net'}", /line 1, column 2: found .* expected a key in double quotes/],
    ['{"name":"net",}', 'line 1, column 15: found "}", expected a key in double quotes'],
    ['\ufeff{}', /line 1, column 1: found .* expected a value/],
    ['{"name":"n\\x41t"}', /line 1, column 11: found .* expected an escape sequence that JSON knows/],
    ['{"name":"n\\u{41}t"}', /line 1, column 11: found .* expected an escape sequence that JSON knows/],
    ['{"name":"n\\\nt"}', /line 1, column 11: found .* expected an escape sequence that JSON knows/],
    ['nul', /line 1, column 1: found "nul", expected a value/],
    ['NaN', /expected a value/],
    ['[]', 'the document: found array of length 0, expected an object'],
    ['7', 'the document: found number 7, expected an object'],
    ['"name"', 'the document: found string "name", expected an object'],
    ['true', 'the document: found bool true, expected an object'],
    ['{"name":7}', 'key "name": found number 7, expected a text'],
    ['{"name":["net"]}', 'key "name": found array of length 1, expected a text'],
    ['{"NAME":{}}', 'key "name": found empty object, expected a text'],
    ['['.repeat(MAX_DEPTH + 1), `nested deeper than ${MAX_DEPTH} levels`],
    ['{"a":'.repeat(100_000), `nested deeper than ${MAX_DEPTH} levels`],
  ] as const
).map(([stdin, why]) => ({
  name: `stdin ${JSON.stringify(stdin.slice(0, 30))}`,
  environment: { ...ALL, CNI_COMMAND: 'ADD' },
  stdin,
  expected: { code: 6, msg: typeof why === 'string' ? `error unmarshall network config: ${why}` : why },
}));

const names: readonly ProtocolCase[] = [
  ...['{}', 'null', '{"name":""}', '{"name":null}', '{"cniVersion":"1.0.0"}'].map(
    (stdin): ProtocolCase => ({
      name: `no network name in ${stdin}`,
      environment: { ...ALL, CNI_COMMAND: 'ADD' },
      stdin,
      expected: { code: 7, msg: 'missing network name' },
    }),
  ),
  ...['../x', 'a b', '.a', '-a', 'a/b', 'ä', 'a\n', ' '].map(
    (name): ProtocolCase => ({
      name: `network name ${JSON.stringify(name)}`,
      environment: { ...ALL, CNI_COMMAND: 'ADD' },
      stdin: conf('1.0.0', { name }),
      expected: { code: 7, msg: 'invalid characters found in network name', details: name },
    }),
  ),
  ...['a', 'cbr0', 'a.b-c_d', '0', 'x'.repeat(300)].map(
    (name): ProtocolCase => ({
      name: `network name ${JSON.stringify(name.slice(0, 20))}`,
      environment: { ...ALL, CNI_COMMAND: 'DEL' },
      stdin: conf('1.0.0', { name }),
      expected: SILENCE,
    }),
  ),
  ...['Name', 'NAME', 'nAmE'].map(
    (key): ProtocolCase => ({
      name: `the key ${key}`,
      environment: { ...ALL, CNI_COMMAND: 'DEL' },
      stdin: `{"CNIVERSION":"0.4.0","${key}":"net","type":"x"}`,
      expected: SILENCE,
    }),
  ),
  {
    name: 'of two names the last one counts',
    environment: { ...ALL, CNI_COMMAND: 'ADD' },
    stdin: '{"cniVersion":"1.0.0","name":"good","name":"not good"}',
    expected: { code: 7, msg: 'invalid characters found in network name', details: 'not good' },
  },
  {
    name: 'invalid UTF-8 becomes the replacement character, which no name has',
    environment: { ...ALL, CNI_COMMAND: 'ADD' },
    stdin: '{"name":"\ufffd"}',
    expected: { code: 7, msg: 'invalid characters found in network name' },
  },
];

const SUPPORTED = `[${SPEC_VERSIONS.map((version) => `"${version}"`).join(' ')}]`;
const since = { ADD: 0, DEL: 0, CHECK: SPEC_VERSIONS.indexOf('0.4.0'), GC: 6, STATUS: 6 } as const;

const versionGates: readonly ProtocolCase[] = Object.entries(since).flatMap(([verb, first]) => [
  ...SPEC_VERSIONS.map(
    (version, index): ProtocolCase => ({
      name: `${verb} of a ${version} configuration`,
      environment: { ...ALL, CNI_COMMAND: verb },
      stdin: conf(version),
      expected:
        index < first
          ? {
              code: 1,
              msg: `config version does not allow ${verb}`,
              details: `config is "${version}", plugin supports ${SUPPORTED}`,
            }
          : verb === 'ADD' || verb === 'CHECK'
            ? { code: 999, msg: REACHED }
            : SILENCE,
    }),
  ),
  ...[undefined, '', null].map(
    (version): ProtocolCase => ({
      name: `${verb} with cniVersion ${JSON.stringify(version)}: it is 0.1.0 then`,
      environment: { ...ALL, CNI_COMMAND: verb },
      stdin: conf(version),
      expected:
        first > 0
          ? { code: 1, msg: `config version does not allow ${verb}`, details: /^config is "0\.1\.0"/ }
          : verb === 'ADD'
            ? { code: 999, msg: REACHED }
            : SILENCE,
    }),
  ),
  ...['9.9', '1.2.0', '2.0.0'].map(
    (version): ProtocolCase => ({
      name: `${verb} of a ${version} configuration, which is too new`,
      environment: { ...ALL, CNI_COMMAND: verb },
      stdin: conf(version),
      expected: {
        code: 1,
        msg: first > 0 ? `plugin version does not allow ${verb}` : 'incompatible CNI versions',
        details: `config is "${version}", plugin supports ${SUPPORTED}`,
      },
    }),
  ),
  ...[1, 1.1, true, [], {}].map(
    (version): ProtocolCase => ({
      name: `${verb} with the cniVersion ${JSON.stringify(version)}`,
      environment: { ...ALL, CNI_COMMAND: verb },
      stdin: conf(version),
      expected: { code: 6, msg: /^decoding version from network config: key "cniVersion": found .*, expected a text$/ },
    }),
  ),
]);

const oddVersions: readonly ProtocolCase[] = (
  [
    ['0.4.5', 1, 'incompatible CNI versions'],
    ['1.0', 1, 'incompatible CNI versions'],
    ['0.5', 1, 'incompatible CNI versions'],
    ['01.0.0', 1, 'incompatible CNI versions'],
    ['0.3', 1, 'config version does not allow CHECK'],
    ['x', 6, 'failed to convert major version part "x": strconv.Atoi: parsing "x": invalid syntax'],
    ['1.x', 6, 'failed to convert minor version part "x": strconv.Atoi: parsing "x": invalid syntax'],
    ['1.0.x', 6, 'failed to convert micro version part "x": strconv.Atoi: parsing "x": invalid syntax'],
    ['1.2.3.4', 6, 'invalid version "1.2.3.4": too many parts'],
    ['1..0', 6, 'failed to convert minor version part "": strconv.Atoi: parsing "": invalid syntax'],
    [' 1.0.0', 6, 'failed to convert major version part " 1": strconv.Atoi: parsing " 1": invalid syntax'],
  ] as const
).flatMap(([version, code, msg]): ProtocolCase[] => [
  {
    name: `CHECK with the odd version ${JSON.stringify(version)}`,
    environment: { ...ALL, CNI_COMMAND: 'CHECK' },
    stdin: conf(version),
    expected: { code, msg },
  },
  {
    name: `ADD with the odd version ${JSON.stringify(version)}`,
    environment: { ...ALL, CNI_COMMAND: 'ADD' },
    stdin: conf(version),
    expected: { code: 1, msg: 'incompatible CNI versions' },
  },
]);

const garbageCollection: readonly ProtocolCase[] = ['cni.dev/valid-attachments', 'cni.dev/attachments'].flatMap(
  (key): ProtocolCase[] =>
    (
      [
        [[], undefined],
        [[{ containerID: 'a', ifname: 'eth0' }], undefined],
        [[{ CONTAINERID: 'a', IfName: 'eth0', more: 1 }], undefined],
        [null, undefined],
        ['a', `key "${key}": found string "a", expected a list`],
        [{}, `key "${key}": found empty object, expected a list`],
        [['a'], `key "${key}[0]": found string "a", expected an object`],
        [[{ ifname: 'eth0' }], `key "${key}[0].containerID": found nothing, expected a text`],
        [[{ containerID: 'a', ifname: 7 }], `key "${key}[0].ifname": found number 7, expected a text`],
      ] as const
    ).map(([list, msg]) => ({
      name: `GC with ${key} = ${JSON.stringify(list)}`,
      environment: { ...ALL, CNI_COMMAND: 'GC' },
      stdin: conf('1.1.0', { [key]: list }),
      expected: msg === undefined ? SILENCE : { code: 7, msg },
    })),
);

/** A result document of the family of a version, and one of another family. */
const previous: readonly ProtocolCase[] = (
  [
    ['1.0.0', { cniVersion: '0.4.0' }, 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "0.4.0"'],
    ['1.1.0', { cniVersion: '0.1.0' }, 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "0.1.0"'],
    [
      '0.4.0',
      { cniVersion: '1.0.0' },
      'result type supports [0.3.0 0.3.1 0.4.0] but unmarshalled CNIVersion is "1.0.0"',
    ],
    ['0.2.0', { cniVersion: '0.3.0' }, 'result type supports [ 0.1.0 0.2.0] but unmarshalled CNIVersion is "0.3.0"'],
    ['1.0.0', { ips: [{ address: 'x' }] }, 'invalid CIDR address: x'],
    ['1.0.0', { ips: [{ address: '10.0.0.1/33' }] }, 'invalid CIDR address: 10.0.0.1/33'],
    ['1.0.0', { ips: [{ address: '10.0.0.1/8', gateway: '10.0.0.300' }] }, 'invalid IP address: 10.0.0.300'],
    ['1.0.0', { routes: [{ dst: '10.0.0.0' }] }, 'invalid CIDR address: 10.0.0.0'],
    ['1.0.0', 'text', 'cannot unmarshal string into document'],
    ['1.0.0', [], 'cannot unmarshal array into document'],
    ['1.0.0', { ips: {} }, 'cannot unmarshal object into ips'],
    ['1.0.0', { interfaces: [{ name: 7 }] }, 'cannot unmarshal number into interfaces[0].name'],
  ] as const
).map(([version, prevResult, why]) => ({
  name: `ADD ${version} with the prevResult ${JSON.stringify(prevResult)}`,
  environment: { ...ALL, CNI_COMMAND: 'ADD' },
  stdin: conf(version, { prevResult }),
  expected: { code: 6, msg: `could not parse prevResult: ${why}` },
}));

const goodPrevious: readonly ProtocolCase[] = (
  [
    ['1.0.0', null],
    ['1.0.0', {}],
    ['1.0.0', { cniVersion: '1.1.0' }],
    ['1.1.0', { CNIVersion: '1.0.0', IPs: null, Interfaces: [] }],
    ['0.4.0', { cniVersion: '0.3.1', ips: [{ version: '4', address: '10.0.0.1/8' }] }],
    ['0.2.0', { ip4: { ip: '10.0.0.1/8' } }],
    ['0.1.0', { cniVersion: '' }],
  ] as const
).map(([version, prevResult]) => ({
  name: `ADD ${version} takes the prevResult ${JSON.stringify(prevResult)}`,
  environment: { ...ALL, CNI_COMMAND: 'ADD' },
  stdin: conf(version, { prevResult }),
  expected: { code: 999, msg: REACHED },
}));

/** Every case: each can be put to the plugin in this process or to the executable. */
export const PROTOCOL_CASES: readonly ProtocolCase[] = [
  ...missing,
  ...notRequired,
  ...containerIds,
  ...interfaceNames,
  ...order,
  ...versionVerb,
  ...broken,
  ...names,
  ...versionGates,
  ...oddVersions,
  ...garbageCollection,
  ...previous,
  ...goodPrevious,
];
