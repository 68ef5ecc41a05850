import type { IpCommand } from '../ip/command.ts';
import { explain } from '../ip/kernel-errors.ts';
import type { Netns } from '../netns/netns.ts';
import { type FormReader, type NativeCommand, nativeForm } from '../rtnl/commands.ts';
import { RtnlError, RtnlSocket } from '../rtnl/socket.ts';
import { type Libc, LibcError, libc } from '../sys/libc.ts';
import type { IpDriver, IpRun } from './driver.ts';
import { ipDriver } from './ip-driver.ts';

/** The hand that speaks to the kernel itself, for the commands it knows; the others it leaves to the programs. */
export const nativeDriver: IpDriver = driverKnowing(nativeForm);

/** The same driver with forms that few plugins need. */
export function nativeDriverWith(more: FormReader): IpDriver {
  return driverKnowing((command) => nativeForm(command) ?? more(command));
}

function driverKnowing(formOf: FormReader): IpDriver {
  return {
    async run(place, commands, timeoutMs) {
      const c = libc();
      const forms: NativeCommand[] = [];
      for (const command of commands) {
        const form = formOf(command);
        if (form === undefined) break;
        forms.push(form);
      }
      if (c !== undefined && place.canEnter && forms.length > 0) return runNative(c, place, commands, forms);
      const unknown = commands.findIndex((command, index) => index > 0 && formOf(command) !== undefined);
      return ipDriver.run(place, unknown < 0 || c === undefined ? commands : commands.slice(0, unknown), timeoutMs);
    },
  };
}

async function runNative(
  c: Libc,
  place: Netns,
  commands: readonly IpCommand[],
  forms: readonly NativeCommand[],
): Promise<IpRun> {
  const outputs = new Map<number, unknown>();
  let done = 0;
  const socket = RtnlSocket.in(place, c);
  try {
    for (const form of forms) {
      const output = form(socket);
      if (output !== undefined) outputs.set(done, output);
      done += 1;
    }
    return { taken: forms.length, done, outputs };
  } catch (thrown) {
    // Whoever was not answered may have been heard; what was done before is certain.
    if (thrown instanceof LibcError) {
      const failure = { errno: thrown.code, reason: thrown.message, hint: '' };
      return { taken: forms.length, done, outputs, failure, doubtful: true };
    }
    if (!(thrown instanceof RtnlError)) throw thrown;
    const { code: errno, message: reason } = thrown;
    const command = commands[done];
    // Most failures are expected ones, and nobody asks what they mean.
    const hint = async () => explain(errno, reason, command).hint;
    return { taken: forms.length, done, outputs, failure: { errno, reason, hint } };
  } finally {
    socket.close();
  }
}
