import { nearest } from '../../../pkg/config/typo.ts';
import { isObject } from '../../../pkg/json/decode.ts';
import { validateNetworkName } from '../../../pkg/skel/environment.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import { compareVersions, isSpecVersion, parseVersion, SPEC_VERSIONS } from '../../../pkg/types/version.ts';
import { pluginNamed } from '../../../plugins/table.ts';
import type { LintDocument } from '../document.ts';
import { LIST_KEYS } from '../facts.ts';
import type { Problems } from '../finding.ts';

const KNOWN = SPEC_VERSIONS.join(', ');

/** The name and the versions of the network, and the other keys above the plugins. */
export function checkNetwork(document: LintDocument, problems: Problems): void {
  checkName(document, problems);
  checkVersion(document, problems);
  if (!document.isList) return;
  checkListKeys(document, problems);
  checkPlugins(document, problems);
  checkVerbs(document, problems);
}

function checkName({ name, raw, isList }: LintDocument, problems: Problems): void {
  const value = isList ? raw['name'] : readFields(raw, '', ['name']).name;
  if (value === undefined || value === '') {
    problems.error(['name'], 'missing network name', 'add "name": leases and records are kept under it');
  } else if (typeof value !== 'string') {
    problems.error(['name'], 'the network name is not a text', 'write it in double quotes');
  } else {
    try {
      validateNetworkName(name);
    } catch {
      const help = 'use letters, digits, ".", "_" and "-", a letter or a digit first: it becomes the name of a folder';
      problems.error(['name'], 'invalid characters found in network name', help);
    }
  }
}

function checkVersion({ cniVersion, raw, isList, entries }: LintDocument, problems: Problems): void {
  const value = isList ? raw['cniVersion'] : readFields(raw, '', ['cniVersion']).cniVersion;
  const versions = isList && Array.isArray(raw['cniVersions']) ? raw['cniVersions'] : [];
  for (const [index, version] of versions.entries()) {
    if (typeof version === 'string' && isSpecVersion(version)) continue;
    problems.warning(['cniVersions', index], 'not a version of the CNI specification', `they are ${KNOWN}`);
  }
  if (value === undefined && versions.length > 0) return;
  if (value === undefined || value === '') {
    const help = 'add "cniVersion": "1.0.0", which every runtime of the last years speaks';
    problems.warning(['cniVersion'], 'no "cniVersion": the list counts as one of version 0.1.0', help);
  } else if (typeof value !== 'string') {
    problems.error(['cniVersion'], 'the version is not a text', 'write it in double quotes, such as "1.0.0"');
  } else if (!isSpecVersion(value)) {
    problems.error(['cniVersion'], `"${value}" is not a version of the CNI specification`, `they are ${KNOWN}`);
  } else {
    for (const { type, path } of entries) {
      const spoken = pluginNamed(type)?.versions;
      if (spoken === undefined || spoken.some((version) => version === cniVersion)) continue;
      const message = `${type} does not speak version ${cniVersion}`;
      problems.error([...path, 'type'], message, `write the list in one of ${spoken.join(', ')}`);
    }
  }
}

/** Runtimes read the keys of a list in one spelling only, unlike those of plugins. */
function checkListKeys({ raw }: LintDocument, problems: Problems): void {
  for (const key of Object.keys(raw)) {
    if (LIST_KEYS.includes(key)) continue;
    const known = LIST_KEYS.find((one) => one.toLowerCase() === key.toLowerCase());
    const meant = known ?? nearest(key, LIST_KEYS);
    if (meant === undefined) continue;
    problems.warning([key], `unknown key "${key}" is ignored`, `did you mean "${meant}"?`, 'key');
  }
}

function checkPlugins({ raw }: LintDocument, problems: Problems): void {
  const { plugins } = raw;
  if (!Array.isArray(plugins)) {
    problems.error(['plugins'], '"plugins" is not a list', 'write [ … ] around the configurations of the plugins');
    return;
  }
  if (plugins.length === 0) problems.error(['plugins'], 'no plugins in the list', 'name at least one');
  for (const [index, plugin] of plugins.entries()) {
    if (!isObject(plugin)) problems.error(['plugins', index], 'not a configuration', 'expected an object in braces');
  }
}

/** What is said of verbs that a list of its version never has called. */
function checkVerbs({ raw, cniVersion }: LintDocument, problems: Problems): void {
  for (const [key, verb, since] of [
    ['disableCheck', 'CHECK', '0.4.0'],
    ['disableGC', 'GC', '1.1.0'],
  ] as const) {
    const value = raw[key];
    if (value === undefined) continue;
    if (typeof value !== 'boolean') {
      problems.error([key], `"${key}" is neither true nor false`, 'write it without quotes');
    } else if (isSpecVersion(cniVersion) && isOlder(cniVersion, since) && raw['cniVersions'] === undefined) {
      const message = `${verb} is never called for a list of version ${cniVersion}`;
      const help = `remove the key${value ? '' : `, or write the list in version ${since} or newer`}`;
      if (value) problems.note([key], message, help, 'key');
      else problems.warning([key], message, help, 'key');
    }
  }
}

function isOlder(version: string, than: string): boolean {
  return compareVersions(parseVersion(version), parseVersion(than)) < 0;
}
