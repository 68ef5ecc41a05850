import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../project.ts';
import { RUN_MARKER } from '../snapshot.ts';
import { makeInitramfs } from './initramfs.ts';
import { debianKernel } from './kernel.ts';

/** What to do in a virtual machine. */
export interface GuestOptions {
  /** A line for the guest's shell, whose folder is the repository's. */
  readonly command: string;
  /** A folder that is replaced by what the guest wrote to /share, besides `console.log`. */
  readonly results: string;
  /** How long it may take from power on to power off. */
  readonly limitMs: number;
}

/** How long the guest may take until its root is complete: many times what an idle machine needs. */
const BOOT_LIMIT_MS = 60_000;

/** How often the guest is switched on: once in a hundred times or less, its kernel hangs before it says anything. */
const BOOT_TRIES = 3;

/** What is said of a guest that hangs while it starts. */
const LATE = `did not come up within ${BOOT_LIMIT_MS / 1000} s`;

/** How many lines of the console an error has. */
const CONSOLE_LINES = 20;

/**
 * What the kernel is told. The last four spare an emulated processor work: code that was translated once is found again
 * when programs always lie at the same addresses, nobody attacks this guest, and its clock can be believed.
 */
const KERNEL_OPTIONS =
  'console=ttyS0 earlyprintk=ttyS0 panic=-1 norandmaps mitigations=off init_on_alloc=0 tsc=reliable';

/**
 * Runs a command under Debian's stock kernel, in a virtual machine that sees this machine's programs and this
 * repository, but can change neither. Its output goes to stdout as it comes; the exit status is the command's.
 */
export async function runInGuest(options: GuestOptions): Promise<number> {
  const kernel = await debianKernel();
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const work = mkdtempSync(join(ROOT, 'dist/vm-'));
  const share = join(work, 'share');
  mkdirSync(share);
  const remove = () => rmSync(work, { recursive: true, force: true });
  const forget = atExit(remove);
  try {
    const settings = { PROJECT: ROOT, KERNEL: kernel.home, NODE: dirname(process.execPath), COMMAND: options.command };
    const initramfs = await makeInitramfs(kernel, settings, work);
    const boot = ['-kernel', join(kernel.home, 'vmlinuz'), '-initrd', initramfs, '-append', KERNEL_OPTIONS];
    for (let tries = 1; ; tries++) {
      const end = await emulate([...boot, ...devices(share)], share, options.limitMs);
      const status = join(share, 'status');
      if (existsSync(status)) return Number(readFileSync(status, 'utf8'));
      const problem = `the virtual machine ${end}; the end of its console:\n${consoleOf(share)}`;
      if (end !== LATE || tries === BOOT_TRIES) throw new Error(problem);
      process.stderr.write(`${problem}\nIt is switched on again.\n`);
      rmSync(share, { recursive: true });
      mkdirSync(share);
    }
  } finally {
    rmSync(options.results, { recursive: true, force: true });
    mkdirSync(dirname(options.results), { recursive: true });
    renameSync(share, options.results);
    remove();
    forget();
  }
}

/** Does something when this process ends, also by a signal, unless it is called off. */
function atExit(action: () => void): () => void {
  const end = () => process.exit(1);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  process.once('exit', action);
  for (const signal of signals) process.once(signal, end);
  return () => {
    process.off('exit', action);
    for (const signal of signals) process.off(signal, end);
  };
}

/** Two shared folders, and two serial lines: one for the kernel's console, one for the command. */
function devices(share: string): readonly string[] {
  const shared = (path: string, tag: string, more = '') => {
    return ['-virtfs', `local,path=${path.replaceAll(',', ',,')},mount_tag=${tag},security_model=none${more}`];
  };
  return [
    ...shared('/', 'host', ',readonly=on,multidevs=remap'),
    ...shared(share, 'share'),
    ...['-serial', `file:${join(share, 'console.log').replaceAll(',', ',,')}`],
    ...['-serial', 'stdio'],
  ];
}

/** Runs the emulator until the guest is off or its time is up; says how it ended. */
async function emulate(args: readonly string[], share: string, limitMs: number): Promise<string> {
  // Hardware virtualisation is not to be had, or does not work, on many machines that are virtual themselves.
  const machine = ['-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', '2048'];
  const bare = ['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'];
  const qemu = ['qemu-system-x86_64', ...machine, ...bare, ...args];
  // The emulator must not outlive this process, even when that is killed.
  const child = execa('setpriv', ['--pdeathsig', 'KILL', ...qemu], {
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'pipe',
    reject: false,
    timeout: limitMs,
    killSignal: 'SIGKILL',
    env: { [RUN_MARKER]: String(process.pid) },
  });
  let isLate = false;
  const booting = setTimeout(() => {
    isLate = !existsSync(join(share, 'up'));
    if (isLate) child.kill();
  }, BOOT_LIMIT_MS);
  const { timedOut, stderr, exitCode, shortMessage } = await child;
  clearTimeout(booting);
  if (isLate) return LATE;
  if (timedOut) return `was not done within ${limitMs / 1000} s`;
  if (exitCode === 0) return 'switched itself off before the command had ended';
  return `failed: ${stderr === '' ? shortMessage : stderr}`;
}

function consoleOf(share: string): string {
  const file = join(share, 'console.log');
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return text === '' ? '(empty)' : text.split(/\r?\n/).slice(-CONSOLE_LINES).join('\n');
}
