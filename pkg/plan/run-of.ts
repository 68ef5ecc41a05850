import type { IpCommand } from '../ip/command.ts';
import { isIpAction } from './action.ts';
import type { PlacedAction } from './plan.ts';

/** The `ip` commands that these actions begin with, as far as they stay in one place. */
export function ipRunOf(actions: readonly PlacedAction[]): IpCommand[] {
  const commands: IpCommand[] = [];
  const [first] = actions;
  for (const { action, place } of actions) {
    if (!isIpAction(action) || place !== first?.place) break;
    commands.push(action.command);
  }
  return commands;
}
