import { nearest } from '../../../pkg/config/typo.ts';
import { isObject } from '../../../pkg/json/decode.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import type { PluginName } from '../../../plugins/names.ts';
import type { LintDocument } from '../document.ts';
import { CAPABILITIES, MAIN_TYPES, TAKEN } from '../facts.ts';
import type { Path, Problems } from '../finding.ts';

/** What the runtime may pass to whom. */
export function checkCapabilities({ entries, isList }: LintDocument, problems: Problems): void {
  const hasPortmap = entries.some(({ type }) => type === 'portmap');
  for (const { type, path, raw } of entries) {
    const { capabilities } = readFields(raw, '', ['capabilities']);
    const at: Path = [...path, 'capabilities'];
    if (capabilities !== undefined && !isObject(capabilities)) {
      problems.error(at, '"capabilities" is not an object', 'write it as { "portMappings": true }');
      continue;
    }
    for (const [name, value] of Object.entries(capabilities ?? {})) {
      if (typeof value !== 'boolean') {
        const message = `the capability "${name}" is neither true nor false`;
        problems.error([...at, name], message, 'runtimes refuse the whole file; write true without quotes');
      } else if (value) checkCapability(type, name, [...at, name], hasPortmap, problems);
    }
    if (type === 'portmap' && isList && capabilities?.['portMappings'] !== true) {
      const help = 'add "capabilities": { "portMappings": true }';
      problems.warning([...path, 'type'], 'portmap is never told which host ports to map', help);
    }
  }
}

function checkCapability(type: string, name: string, path: Path, hasPortmap: boolean, problems: Problems): void {
  const taken = Object.hasOwn(TAKEN, type) ? TAKEN[type as PluginName] : undefined;
  if (!CAPABILITIES.includes(name)) {
    const meant = CAPABILITIES.find((one) => one.toLowerCase() === name.toLowerCase()) ?? nearest(name, CAPABILITIES);
    if (meant !== undefined) {
      problems.warning(path, `no runtime knows the capability "${name}"`, `did you mean "${meant}"?`, 'key');
    } else if (taken !== undefined) {
      problems.note(path, `${type} does nothing with the capability "${name}"`, 'remove it', 'key');
    }
    return;
  }
  const isOfReference = MAIN_TYPES.includes(type);
  if (name === 'portMappings' && !hasPortmap && (taken !== undefined || isOfReference)) {
    const help =
      'host ports are mapped by portmap: add { "type": "portmap", "capabilities": { "portMappings": true } }';
    problems.warning(path, `${type} maps no host ports, and portmap is not in the list`, help, 'key');
  } else if (taken !== undefined && !taken.includes(name)) {
    const help = name === 'portMappings' ? 'put it into the configuration of portmap' : 'put it where it is used';
    problems.warning(path, `${type} does nothing with the capability "${name}"`, help, 'key');
  }
}
