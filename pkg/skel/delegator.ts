import type { Result } from '../types/result.ts';
import type { Environment, Verb } from './plugin.ts';

/** One call to another plugin. */
export interface DelegateRequest {
  /** The plugin's `type`: its file name in CNI_PATH. */
  readonly type: string;
  readonly verb: Verb;
  /** The configuration that the plugin reads on stdin. */
  readonly config: string;
  /** Replaces variables of the call's own environment, for example CNI_IFNAME. */
  readonly environment?: Environment;
}

/** The door to other plugins: in this process when they are this very executable, else by exec. */
export interface Delegator {
  /** ADD; the delegate's result in the newest shape, errors as the delegate gave them. */
  add(request: Omit<DelegateRequest, 'verb'>): Promise<Result>;
  /** Any verb without a result. */
  run(request: DelegateRequest): Promise<void>;
}
