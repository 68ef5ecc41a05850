import { isObject } from '../json/decode.ts';
import type { Attachment } from '../types/attachment.ts';

/** Which attachment a record is about, and whose it is. */
export interface RecordKey extends Attachment {
  readonly plugin: string;
}

/** What a plugin notes about an attachment before it changes the kernel. */
export interface AttachmentRecord extends RecordKey {
  readonly version: 1;
  /** The boot that this describes: after another one nothing of it is there any more. */
  readonly bootId: string;
  /** The namespace as it was: a path alone may lead elsewhere by now. */
  readonly netns: RecordedNetns;
  /** ISO 8601. */
  readonly time: string;
  /** The Kubernetes pod, when CNI_ARGS named one. */
  readonly pod?: RecordedPod;
  /** What the plugin wants to find again: links, addresses, rules, ports. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface RecordedNetns {
  readonly path: string;
  /** Device and inode in decimal. */
  readonly dev: string;
  readonly ino: string;
}

export interface RecordedPod {
  readonly namespace: string;
  readonly name: string;
}

/** A stored text as a record; `undefined` when it is damaged or of another version. */
export function decodeRecord(text: string): AttachmentRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is AttachmentRecord {
  if (!isObject(value) || value['version'] !== 1 || !isObject(value['data'])) return false;
  const { netns, pod } = value;
  return (
    hasTexts(value, ['containerId', 'ifName', 'network', 'plugin', 'bootId', 'time']) &&
    isObject(netns) &&
    hasTexts(netns, ['path', 'dev', 'ino']) &&
    (pod === undefined || (isObject(pod) && hasTexts(pod, ['namespace', 'name'])))
  );
}

/** Whether there is a text under each of these keys. */
export function hasTexts(object: Record<string, unknown>, keys: readonly string[]): boolean {
  for (const key of keys) if (typeof object[key] !== 'string') return false;
  return true;
}

/**
 * The pod that CNI_ARGS names.
 *
 * @example
 * podFrom('IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0'); // { namespace: 'default', name: 'web-0' }
 */
export function podFrom(cniArgs: string): RecordedPod | undefined {
  let namespace: string | undefined;
  let name: string | undefined;
  for (const pair of cniArgs.split(';')) {
    const [key, value] = pair.split('=');
    if (key === 'K8S_POD_NAMESPACE') namespace ??= value;
    if (key === 'K8S_POD_NAME') name ??= value;
  }
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
