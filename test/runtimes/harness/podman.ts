import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { podman } from '../../../scripts/lib/container-runtimes.ts';
import { type Box, STATE } from './box.ts';
import { podImage } from './image.ts';
import { environmentOf } from './programs.ts';

/** podman with its networks made by CNI plugins. */
export interface Podman {
  /** Runs a command of podman, which has to succeed, and gives what it printed without the last line break. */
  run(...args: readonly string[]): Promise<string>;
  /** Starts a container in the background; `args` stand before the image. */
  start(name: string, ...args: readonly string[]): Promise<void>;
  /** The address of a container in a network. */
  addressOf(name: string, network: string): Promise<string>;
  /** Runs a command of podman that has to fail, and gives what it complained of. */
  refuse(...args: readonly string[]): Promise<string>;
}

const ROOTS = ['root', 'runroot', 'tmpdir'].flatMap((name) => [`--${name}`, join(STATE, name)]);

/** Makes podman ready in a box. */
export async function preparePodman(box: Box): Promise<Podman> {
  const home = await podman();
  mkdirSync(box.root + STATE, { recursive: true });
  cpSync(join(home, 'etc/containers'), `${box.root}/etc/containers`, { recursive: true });
  writeFileSync(`${box.root}${STATE}/containers.conf`, configOf(home));
  const env = { ...environmentOf(home), CONTAINERS_CONF: `${STATE}/containers.conf` };
  const run = async (...args: readonly string[]) => (await box.succeed(['podman', ...ROOTS, ...args], env)).trimEnd();
  await run('load', '--quiet', '--input', await podImage());
  return {
    run,
    async start(name, ...args) {
      const own = ['--name', name, '--hostname', name, '--cgroup-parent', `/${box.name}`];
      await run('run', '--detach', ...own, ...args, 'localhost/pod:1');
    },
    addressOf: (name, network) => {
      return run('inspect', '--format', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
    },
    async refuse(...args) {
      const { exitCode, stdout, stderr } = await box.run(['podman', ...ROOTS, ...args], { env });
      if (exitCode === 0) throw new Error(`podman ${args.join(' ')} succeeded: ${stdout}`);
      return stderr;
    },
  };
}

function configOf(home: string): string {
  return `
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin"]
network_config_dir = "/etc/cni/net.d"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
conmon_path = ["${home}/usr/bin/conmon"]
`;
}
