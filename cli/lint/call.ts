import { recordsOf } from '../../pkg/record/store.ts';
import type { AttachmentCall, JsonObject } from '../../pkg/skel/plugin.ts';
import { isSpecVersion, LATEST_VERSION } from '../../pkg/types/version.ts';
import type { LintDocument } from './document.ts';

/** What stands between a configuration in a file and a call of it. */
export function callOf(
  { name, cniVersion }: Pick<LintDocument, 'name' | 'cniVersion'>,
  raw: JsonObject,
  conf: unknown,
): AttachmentCall<unknown> {
  const nobody = () => Promise.reject(new Error('nobody is called by a check of files'));
  return {
    verb: 'ADD',
    network: name,
    cniVersion: isSpecVersion(cniVersion) ? cniVersion : LATEST_VERSION,
    conf,
    configText: JSON.stringify(raw),
    rawConf: raw,
    args: '',
    environment: {},
    records: recordsOf({}),
    delegate: { add: nobody, run: nobody },
    warn: () => {},
    containerId: 'lint',
    ifName: 'eth0',
    netns: '',
    prevResult: undefined,
  };
}
