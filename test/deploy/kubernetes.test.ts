import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../scripts/lib/project.ts';
import { DAEMON_SET, KUSTOMIZATION, refused } from './fields.ts';

const FOLDER = join(ROOT, 'deploy', 'kubernetes');
const OVERLAYS = readdirSync(join(FOLDER, 'overlays'));

interface Named {
  readonly name: string;
}

interface Container extends Named {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly volumeMounts?: readonly (Named & { readonly mountPath: string })[];
}

interface DaemonSet {
  readonly metadata: Named;
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly initContainers: readonly Container[];
        readonly containers: readonly Container[];
        readonly volumes: readonly (Named & { readonly configMap?: Named })[];
      };
    };
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly images?: readonly (Named & { readonly newTag: string })[];
  readonly configMapGenerator?: readonly (Named & { readonly files: readonly string[] })[];
  readonly patches?: readonly { readonly path: string }[];
}

// One that stands twice is refused by the parser.
const read = <T>(...path: readonly string[]): T =>
  parse(readFileSync(join(FOLDER, ...path), 'utf8'), { version: '1.2' }) as T;

const base = read<DaemonSet>('base', 'daemonset.yaml');
const kustomization = read<Kustomization>('base', 'kustomization.yaml');

/** What kustomize makes of a list of named things and a patch of it: those of the same name become one. */
function merged<T extends Named>(own: readonly T[], patch: readonly T[]): readonly T[] {
  const both = own.map((one) => ({ ...one, ...patch.find(({ name }) => name === one.name) }));
  return [...both, ...patch.filter(({ name }) => !own.some((one) => one.name === name))];
}

function patched(patch: DaemonSet): DaemonSet['spec']['template']['spec'] {
  const { spec } = base.spec.template;
  const { initContainers, volumes } = patch.spec.template.spec;
  return {
    ...spec,
    initContainers: merged(spec.initContainers, initContainers).map((container) => {
      const [own, other] = [spec, patch.spec.template.spec].map(
        (pod) => pod.initContainers.find(({ name }) => name === container.name)?.volumeMounts ?? [],
      );
      return { ...container, volumeMounts: merged(own ?? [], other ?? []) };
    }),
    volumes: merged(spec.volumes, volumes),
  };
}

function expectWhole({ initContainers, containers, volumes }: DaemonSet['spec']['template']['spec']): void {
  const names = volumes.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const container of [...initContainers, ...containers]) {
    expect(container.image).toBe('cni-ts');
    for (const { name } of container.volumeMounts ?? []) expect(names).toContain(name);
  }
}

describe('base', () => {
  test('is what the API takes', () => {
    expect(refused(DAEMON_SET, base)).toEqual([]);
    expect(refused(KUSTOMIZATION, kustomization)).toEqual([]);
    expect(base.spec.template.metadata.labels).toMatchObject(base.spec.selector.matchLabels);
    expectWhole(base.spec.template.spec);
  });

  test('has files for its resources, and an image of this version', () => {
    for (const file of kustomization.resources) expect(existsSync(join(FOLDER, 'base', file))).toBe(true);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(kustomization.images).toMatchObject([{ name: 'cni-ts', newTag: version }]);
  });

  test('calls the tool where the image has it', () => {
    const dockerfile = readFileSync(join(ROOT, 'deploy', 'Dockerfile'), 'utf8');
    const [install] = base.spec.template.spec.initContainers;
    expect(dockerfile).toMatch(/^ADD dist\/cni-ts-linux-\$\{TARGETARCH\}-v\*\.tgz \/opt\/cni-ts\/$/m);
    expect(install?.command).toEqual(['/opt/cni-ts/cni']);
    const mounts = install?.volumeMounts?.map(({ mountPath }) => mountPath);
    expect(mounts).toEqual([install?.args?.[2], '/etc/cni/net.d']);
  });
});

describe.each(OVERLAYS)('overlay %s', (overlay) => {
  const own = read<Kustomization>('overlays', overlay, 'kustomization.yaml');
  const patch = read<DaemonSet>('overlays', overlay, own.patches?.[0]?.path ?? '');
  const [map] = own.configMapGenerator ?? [];

  test('is what the API takes, by itself and on the base', () => {
    expect(refused(KUSTOMIZATION, own)).toEqual([]);
    expect(refused(DAEMON_SET, patch)).toEqual([]);
    expect(patch.metadata).toMatchObject({ name: base.metadata.name });
    expectWhole(patched(patch));
    expect(own.resources).toEqual(['../../base']);
  });

  test('brings a list of conf/, as it is there, and installs that', () => {
    const [file = ''] = map?.files ?? [];
    const text = readFileSync(join(FOLDER, 'overlays', overlay, file), 'utf8');
    expect(text).toBe(readFileSync(join(ROOT, 'conf', file), 'utf8'));
    const { initContainers, volumes } = patched(patch);
    expect(initContainers[0]?.args?.slice(-2)).toEqual(['--conf', `/list/${file}`]);
    expect(volumes.find(({ name }) => name === 'list')?.configMap?.name).toBe(map?.name);
    expect(initContainers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain('/list');
  });
});

test.each<[string, (text: string) => string, string]>([
  ['a slip in a field', (text) => text.replace('hostNetwork', 'hostNetwrok'), 'hostNetwrok: no such field'],
  [
    'a name left out',
    (text) => text.replace('- name: install\n          image', '- image'),
    'initContainers[0].name: missing',
  ],
  ['a number in quotes', (text) => text.replace('runAsUser: 0', 'runAsUser: "0"'), 'runAsUser: no number'],
  ['a kind of folder that there is not', (text) => text.replace('DirectoryOrCreate', 'Folder'), 'not "Folder"'],
])('%s would be found', (_, change, problem) => {
  const text = readFileSync(join(FOLDER, 'base', 'daemonset.yaml'), 'utf8');
  expect(refused(DAEMON_SET, parse(change(text))).join('\n')).toContain(problem);
});
