// Makes a fresh checkout ready: npm packages and the Debian packages that tests and the demo call.
// Plain Node without dependencies, since it runs before there are any. Silent when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What has to be there besides Node: a command or file, the package that has it, and why. */
const DEBIAN_PACKAGES = [
  { name: 'iproute2', command: 'ip', reason: 'the plugins run it, tests and the demo look at its output' },
  { name: 'util-linux', command: 'unshare', reason: 'throwaway namespaces; nsenter for the plugins' },
  { name: 'mount', command: 'mount', reason: 'the private folders of throwaway hosts' },
  { name: 'strace', command: 'strace', reason: 'tests that count the system calls and processes of a plugin' },
  { name: 'nftables', command: 'nft', reason: 'masquerade, port maps and spoof checks of the plugins' },
  { name: 'iptables', command: 'iptables', reason: 'the same where nftables is not asked for' },
  { name: 'firewalld', command: 'firewalld', reason: 'tests of the plugin firewall, which speaks to it' },
  {
    name: 'conntrack',
    command: 'conntrack',
    reason: 'flows of mapped ports where a plugin cannot ask the kernel itself',
  },
  { name: 'gcc', command: 'gcc', reason: 'joins the program and its engine to one executable' },
  {
    name: 'libc6-dev',
    command: '/usr/include/stdio.h',
    reason: 'the C library of the sanitized engine and of small programs of benchmarks',
  },
  { name: 'xz-utils', command: 'xz', reason: 'unpacks the source of the engine' },
  { name: 'systemd', command: '/lib/systemd/systemd', reason: 'tests that start the units of deploy/systemd' },
  { name: 'perl-base', command: 'perl', reason: 'tests that talk through mapped ports, over SCTP too' },
  { name: 'iputils-ping', command: 'ping', reason: 'tests that send packets through what a plugin set up' },
  { name: 'zsh', command: 'zsh', reason: 'tests of the completion' },
  { name: 'fish', command: 'fish', reason: 'tests of the completion' },
  { name: 'python3', command: 'python3', reason: 'a test that reads the drawing of a node as XML' },
  { name: 'qemu-system-x86', command: 'qemu-system-x86_64', reason: 'tests that need a kernel with everything in it' },
  { name: 'kmod', command: 'modprobe', reason: 'the modules of that kernel' },
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));

installNpmPackages();
installDebianPackages();

function installNpmPackages() {
  if (isInStep(readPackages('package-lock.json'), readPackages('node_modules/.package-lock.json'))) return;
  say('installing npm packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

/**
 * Whether what npm noted about node_modules is what the lock file asks for.
 * @param {Packages | undefined} wanted
 * @param {Packages | undefined} installed
 */
function isInStep(wanted, installed) {
  if (wanted === undefined || installed === undefined) return false;
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    // The empty path is this project itself; optional packages are those of other machines too.
    const isExpected = path !== '' && (!optional || installed[path] !== undefined);
    if (isExpected && installed[path]?.version !== version) return false;
  }
  return Object.keys(installed).every((path) => wanted[path] !== undefined);
}

/**
 * @typedef {Record<string, { version: string, optional?: boolean }>} Packages
 * @param {string} file
 * @returns {Packages | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function installDebianPackages() {
  const missing = DEBIAN_PACKAGES.filter(({ command }) => !isInstalled(command));
  if (missing.length === 0) return;
  const wanted = missing.map(({ name, command, reason }) => `  ${name} (for "${command}": ${reason})`).join('\n');
  const names = missing.map(({ name }) => name);
  if (!isInstalled('apt-get')) fail(`this is not Debian or a relative: install what these packages have\n${wanted}`);
  if (process.getuid?.() !== 0) fail(`not root: run "apt-get install ${names.join(' ')}" as root, for\n${wanted}`);
  say(`installing ${names.join(', ')}`);
  const install = ['install', '--yes', '--no-install-recommends', '-qq', ...names];
  // Package lists are often there already, and fetching them takes longer than everything else.
  if (attempt('apt-get', install).status === 0) return;
  run('apt-get', ['update', '-qq']);
  run('apt-get', install);
}

/** @param {string} command */
function isInstalled(command) {
  // Where root's commands are is not in everyone's PATH.
  if (command.startsWith('/')) return existsSync(command);
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function attempt(command, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status, signal, error, stdout, stderr } = attempt(command, args);
  if (status === 0) return;
  const end = error?.message ?? `status ${status ?? signal}`;
  fail(`"${[command, ...args].join(' ')}" failed (${end})\n${stdout ?? ''}${stderr ?? ''}`);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/** @param {string} text */
function fail(text) {
  say(text);
  process.exit(1);
}
