import type { JsonObject } from '../skel/plugin.ts';
import type { ContainerInterface } from '../types/attachment.ts';

/** One interface of one container, as a runtime names it to plugins. */
export interface RuntimeAttachment extends ContainerInterface {
  /** Path of the network namespace. */
  readonly netns: string;
  /** CNI_ARGS in its pairs. */
  readonly args: readonly (readonly [key: string, value: string])[];
  /** Values for the capabilities that plugins declare. */
  readonly capabilityArgs: Readonly<JsonObject>;
}

/** CNI_ARGS as one text. */
export function argsText({ args }: Pick<RuntimeAttachment, 'args'>): string {
  return args.map(([key, value]) => `${key}=${value}`).join(';');
}
