import fc from 'fast-check';

const versions = fc.constantFrom(
  '0.1.0',
  '0.2.0',
  '0.3.0',
  '0.3.1',
  '0.4.0',
  '1.0.0',
  '1.1.0',
  '',
  '9.9',
  '1.x',
  '0.4',
);
const odd = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('..', 'a/b', '\u0000', 'x'.repeat(400)),
);

/** A value for a variable: mostly a good one, so that calls get far. */
function variable(good: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> {
  return fc.oneof(
    { weight: 8, arbitrary: good },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

/** Namespaces that do not exist, so that whatever is generated does nothing. */
const namespaces = fc.constantFrom('/run/netns/cni-ts-fuzz', '/nope', '/proc/1/nope', '/etc/passwd', '/');

/** The environment of a call. */
export const anyEnvironment = fc.record({
  CNI_COMMAND: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION') },
    { weight: 1, arbitrary: fc.string({ minLength: 1 }) },
  ),
  CNI_CONTAINERID: variable(fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/)),
  CNI_NETNS: variable(namespaces),
  CNI_IFNAME: variable(fc.constantFrom('eth0', 'lo', 'net1')),
  CNI_ARGS: variable(fc.constantFrom('', 'IgnoreUnknown=1;K8S_POD_NAME=x', 'A=B', ';', '=')),
  CNI_PATH: variable(fc.constantFrom('/opt/cni/bin', '/nope:/x')),
  CNI_NETNS_OVERRIDE: fc.constantFrom(undefined, '1', 'true', 'x'),
});

const prefixes = fc.constantFrom(
  '10.0.0.1/8',
  'fd00::1/64',
  '0.0.0.0/0',
  '10.0.0.1',
  '',
  '::ffff:1.2.3.4/96',
  '01.2.3.4/8',
);
const any = fc.jsonValue({ maxDepth: 4 });
const orAny = (good: fc.Arbitrary<unknown>) => fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: any });

const result = fc.record(
  {
    cniVersion: orAny(versions),
    ips: orAny(
      fc.array(
        fc.record(
          {
            address: orAny(prefixes),
            gateway: orAny(fc.constantFrom('10.0.0.1', 'x')),
            interface: orAny(fc.integer()),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
    ),
    interfaces: orAny(
      fc.array(
        fc.record(
          { name: orAny(fc.string()), mac: orAny(fc.string()), sandbox: orAny(fc.string()) },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
    ),
    routes: orAny(
      fc.array(
        fc.record({ dst: orAny(prefixes), gw: any, mtu: orAny(fc.integer()), scope: any }, { requiredKeys: [] }),
        { maxLength: 3 },
      ),
    ),
    dns: orAny(fc.record({ nameservers: any, search: any }, { requiredKeys: [] })),
    ip4: orAny(fc.record({ ip: orAny(prefixes), routes: any }, { requiredKeys: [] })),
  },
  { requiredKeys: [] },
);

const attachment = fc.record({ containerID: orAny(fc.string()), ifname: orAny(fc.string()) }, { requiredKeys: [] });

/** A configuration that is nearly right, as JSON. */
const nearlyRight = fc
  .record(
    {
      cniVersion: orAny(versions),
      name: orAny(fc.constantFrom('net', 'cbr0')),
      type: fc.constant('loopback'),
      prevResult: orAny(result),
      'cni.dev/valid-attachments': orAny(fc.array(attachment)),
      runtimeConfig: any,
      ipam: any,
      __proto__: any,
      mtu: any,
      ISGATEWAY: any,
      ipMasq: any,
      sysctl: any,
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));

/** What is on stdin: nearly right, damaged, any JSON, any text, deep, long. */
export const anyStdin = fc.oneof(
  { weight: 12, arbitrary: nearlyRight },
  {
    weight: 4,
    arbitrary: fc
      .tuple(nearlyRight, fc.nat(), fc.nat(8), fc.string({ maxLength: 4 }))
      .map(([text, at, removed, added]) => {
        const from = at % (text.length + 1);
        return text.slice(0, from) + added + text.slice(from + removed);
      }),
  },
  { weight: 2, arbitrary: fc.json() },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => new TextDecoder().decode(bytes)) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 3000 }).map((depth) => '{"name":"n","a":'.concat('['.repeat(depth))),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 900 })
      .map((depth) => `{"name":"n","a":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  },
);
