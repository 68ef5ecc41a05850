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
        readonly containers: readonly Container[];
        readonly volumes: readonly (Named & { readonly configMap?: Named & { readonly optional?: boolean } })[];
      };
    };
  };
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly bases?: readonly string[];
  readonly images?: readonly (Named & { readonly newTag: string })[];
  readonly configMapGenerator?: readonly (Named & { readonly files: readonly string[] })[];
}

// One that stands twice is refused by the parser.
const read = <T>(...path: readonly string[]): T =>
  parse(readFileSync(join(FOLDER, ...path), 'utf8'), { version: '1.2' }) as T;

const base = read<DaemonSet>('base', 'daemonset.yaml');
const kustomization = read<Kustomization & { readonly namespace: string }>('base', 'kustomization.yaml');
const { containers, volumes } = base.spec.template.spec;
const [install] = containers;

describe('base', () => {
  test('is what the API takes', () => {
    expect(refused(DAEMON_SET, base)).toEqual([]);
    expect(refused(KUSTOMIZATION, kustomization)).toEqual([]);
    expect(base.spec.template.metadata.labels).toMatchObject(base.spec.selector.matchLabels);
    const names = volumes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(install?.image).toBe('cni-ts');
    expect(install?.volumeMounts?.map(({ name }) => name)).toEqual(names);
  });

  test('goes without a list: the ConfigMap need not be there', () => {
    expect(volumes.find(({ configMap }) => configMap)?.configMap).toEqual({ name: 'cni-ts-list', optional: true });
  });

  test('has files for its resources, and an image of this version', () => {
    for (const file of kustomization.resources ?? []) expect(existsSync(join(FOLDER, 'base', file))).toBe(true);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(kustomization.images).toMatchObject([{ name: 'cni-ts', newTag: version }]);
  });

  test('calls the tool where the image has it', () => {
    const dockerfile = readFileSync(join(ROOT, 'deploy', 'Dockerfile'), 'utf8');
    expect(dockerfile).toMatch(/^COPY --from=archive \/cni .* \/opt\/cni-ts\/$/m);
    expect(install?.command).toEqual(['/opt/cni-ts/cni']);
    const mounts = install?.volumeMounts?.map(({ mountPath }) => mountPath);
    expect(mounts).toEqual([install?.args?.[2], '/etc/cni/net.d', install?.args?.[4]]);
  });
});

describe.each(OVERLAYS)('overlay %s', (overlay) => {
  const own = read<Kustomization>('overlays', overlay, 'kustomization.yaml');
  const [map] = own.configMapGenerator ?? [];

  test('is what old and new kubectl take', () => {
    expect(refused(KUSTOMIZATION, own)).toEqual([]);
    expect(own.bases).toEqual(['../../base']);
    expect(own.resources).toBeUndefined();
  });

  test('brings a list of conf/, as it is there, for the volume of the base', () => {
    const [file = ''] = map?.files ?? [];
    const text = readFileSync(join(FOLDER, 'overlays', overlay, file), 'utf8');
    expect(text).toBe(readFileSync(join(ROOT, 'conf', file), 'utf8'));
    expect(map).toMatchObject({ name: 'cni-ts-list', namespace: kustomization.namespace });
  });
});

test.each<[string, (text: string) => string, string]>([
  ['a slip in a field', (text) => text.replace('hostNetwork', 'hostNetwrok'), 'hostNetwrok: no such field'],
  [
    'a name left out',
    (text) => text.replace('- name: install\n          image', '- image'),
    'containers[0].name: missing',
  ],
  ['a number in quotes', (text) => text.replace('runAsUser: 0', 'runAsUser: "0"'), 'runAsUser: no number'],
  ['a kind of folder that there is not', (text) => text.replace('DirectoryOrCreate', 'Folder'), 'not "Folder"'],
])('%s would be found', (_, change, problem) => {
  const text = readFileSync(join(FOLDER, 'base', 'daemonset.yaml'), 'utf8');
  expect(refused(DAEMON_SET, parse(change(text))).join('\n')).toContain(problem);
});
