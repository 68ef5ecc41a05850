import { isObject } from '../../pkg/json/decode.ts';

/** What the API takes at a place: one kind of value, a list of them, an object with these keys; `!` marks needed ones. */
export type Fields =
  | 'text'
  | 'number'
  | 'flag'
  | 'texts'
  | readonly [Fields]
  | { readonly [key: string]: Fields }
  | ((value: unknown) => boolean);

const oneOf =
  (...values: readonly string[]) =>
  (value: unknown) =>
    typeof value === 'string' && values.includes(value);

const isPercentOrNumber = (value: unknown) => Number.isInteger(value) || /^\d+%$/.test(String(value));

/** A name as DNS has it. */
const isName = (value: unknown) => typeof value === 'string' && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value);

const isQuantity = (value: unknown) => /^\d+(?:m|Ki|Mi|Gi)?$/.test(String(value));

const AMOUNTS: Fields = { cpu: isQuantity, memory: isQuantity };

const CONTAINER: Fields = {
  'name!': isName,
  image: 'text',
  imagePullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
  command: 'texts',
  args: 'texts',
  resources: { requests: AMOUNTS, limits: AMOUNTS },
  securityContext: {
    runAsUser: 'number',
    runAsNonRoot: 'flag',
    allowPrivilegeEscalation: 'flag',
    readOnlyRootFilesystem: 'flag',
    capabilities: { drop: 'texts', add: 'texts' },
    seccompProfile: { 'type!': oneOf('RuntimeDefault', 'Unconfined') },
  },
  volumeMounts: [{ 'name!': isName, 'mountPath!': 'text', readOnly: 'flag' }],
};

const POD: Fields = {
  hostNetwork: 'flag',
  priorityClassName: oneOf('system-node-critical', 'system-cluster-critical'),
  automountServiceAccountToken: 'flag',
  terminationGracePeriodSeconds: 'number',
  nodeSelector: { 'kubernetes.io/os': 'text' },
  tolerations: [{ operator: oneOf('Exists', 'Equal'), key: 'text', effect: 'text' }],
  containers: [CONTAINER],
  volumes: [
    {
      'name!': isName,
      hostPath: { 'path!': 'text', type: oneOf('', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File') },
      configMap: { 'name!': isName, optional: 'flag' },
    },
  ],
};

const LABELS: Fields = { 'app.kubernetes.io/name': 'text', 'app.kubernetes.io/component': 'text' };

/** The fields of apps/v1 DaemonSet that are used here; any other is a mistake until it is added. */
export const DAEMON_SET: Fields = {
  'apiVersion!': oneOf('apps/v1'),
  'kind!': oneOf('DaemonSet'),
  'metadata!': { 'name!': isName, namespace: isName, labels: LABELS },
  'spec!': {
    selector: { 'matchLabels!': LABELS },
    updateStrategy: {
      'type!': oneOf('RollingUpdate', 'OnDelete'),
      rollingUpdate: { maxUnavailable: isPercentOrNumber },
    },
    'template!': { metadata: { labels: LABELS }, 'spec!': POD },
  },
};

/**
 * The fields of a kustomization that are used here: of those that kubectl had before 1.21 (kustomize 2.0.3), where `resources`
 * are files and `bases` folders, and that every later one still takes.
 */
export const KUSTOMIZATION: Fields = {
  'apiVersion!': oneOf('kustomize.config.k8s.io/v1beta1'),
  'kind!': oneOf('Kustomization'),
  namespace: isName,
  resources: 'texts',
  bases: 'texts',
  images: [{ 'name!': 'text', newName: 'text', newTag: 'text' }],
  configMapGenerator: [{ 'name!': isName, namespace: isName, 'files!': 'texts' }],
};

/** What of a document the API would refuse. */
export function refused(fields: Fields, value: unknown, path = '$'): readonly string[] {
  if (typeof fields === 'function') return fields(value) ? [] : [`${path}: not ${JSON.stringify(value)}`];
  switch (fields) {
    case 'text':
      return typeof value === 'string' ? [] : [`${path}: no text`];
    case 'number':
      return Number.isInteger(value) ? [] : [`${path}: no number`];
    case 'flag':
      return typeof value === 'boolean' ? [] : [`${path}: neither true nor false`];
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string') ? [] : [`${path}: no list of texts`];
  }
  if (isList(fields)) {
    if (!Array.isArray(value)) return [`${path}: no list`];
    return value.flatMap((one, index) => refused(fields[0], one, `${path}[${index}]`));
  }
  if (!isObject(value)) return [`${path}: no object`];
  const known = Object.entries(fields).map(([key, inner]) => [key.replace('!', ''), inner, key.endsWith('!')] as const);
  const missing = known.filter(([key, , isNeeded]) => isNeeded && value[key] === undefined);
  const wrong = Object.entries(value).flatMap(([key, element]) => {
    const field = known.find(([name]) => name === key);
    return field === undefined ? [`${path}.${key}: no such field`] : refused(field[1], element, `${path}.${key}`);
  });
  return [...missing.map(([key]) => `${path}.${key}: missing`), ...wrong];
}

function isList(fields: Fields): fields is readonly [Fields] {
  return Array.isArray(fields);
}
