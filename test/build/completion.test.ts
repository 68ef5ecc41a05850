import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, test } from 'vitest';
import { BIN, temporaryFolder } from './support.ts';

async function script(shell: string): Promise<string> {
  return (await execa(join(BIN, 'cni'), ['completion', shell])).stdout;
}

/** The names that the tool itself lists. */
async function listed(): Promise<readonly string[]> {
  const { stdout } = await execa(join(BIN, 'cni'));
  return [...stdout.matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name ?? '');
}

/** What bash offers for a line, in a bash that has loaded the script. */
async function bash(line: string): Promise<readonly string[]> {
  const words = line.split(' ');
  const file = join(temporaryFolder(), 'cni.bash');
  writeFileSync(file, await script('bash'));
  const ask = `source ${file}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _cni; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await execa('bash', ['--norc', '-c', ask]);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash', () => {
  it('offers every command', async () => {
    expect((await bash('cni ')).toSorted()).toEqual(['help', ...(await listed())].toSorted());
    expect(await bash('cni lea')).toEqual(['leases']);
  });

  it('offers the options of each, commands and plugins after help, shells, files', async () => {
    for (const name of await listed()) {
      const { stdout } = await execa(join(BIN, 'cni'), ['help', name]);
      const documented = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option ?? '');
      expect(await bash(`cni ${name} -`)).toEqual(expect.arrayContaining([...documented, '--help']));
    }
    expect(await bash('cni help bri')).toEqual(['bridge']);
    expect(await bash('cni completion ')).toEqual(['bash', 'zsh', 'fish']);
    expect(await bash('cni show --svg /etc/hostn')).toEqual(['/etc/hostname']);
    expect(await bash('cni add net /etc/hostn')).toEqual(['/etc/hostname']);
    expect(await bash('cni add net ')).toEqual(['/run/netns/']);
  });
});

test('zsh offers commands and options', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '_cni'), await script('zsh'));
  // A terminal of its own, in which a person presses the tabulator.
  const ask = `
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z 'PROMPT=; fpath=(${folder} $fpath); autoload -U compinit; compinit -u -D; zstyle ":completion:*" list-rows-first yes; LISTMAX=1000'
    sleep 1
    zpty -n -w z $'cni l\\t'
    sleep 1
    zpty -n -w z $'\\ncni show --\\t\\t'
    sleep 1
    zpty -r -t z out; print -r -- $out; while zpty -r -t z out; do print -r -- $out; done
    zpty -d z`;
  const { stdout } = await execa('zsh', ['-f', '-c', ask], { env: { TERM: 'dumb' } });
  expect(stdout).toContain('leases');
  expect(stdout).toContain('--svg');
  expect(stdout).toContain('--json');
});

test('fish offers commands and options', async () => {
  const home = temporaryFolder();
  const file = join(home, 'cni.fish');
  writeFileSync(file, await script('fish'));
  const offered = async (line: string) => {
    const ask = `source ${file}; complete -C '${line}'`;
    const { stdout } = await execa('fish', ['--no-config', '-c', ask], { env: { HOME: home } });
    return stdout.split('\n').map((row) => row.split('\t')[0]);
  };
  expect(await offered('cni ')).toEqual(expect.arrayContaining(['help', ...(await listed())]));
  expect(await offered('cni show --')).toEqual(expect.arrayContaining(['--svg', '--json', '--help']));
  expect(await offered('cni help bri')).toEqual(['bridge']);
  expect(await offered('cni completion ')).toEqual(expect.arrayContaining(['bash', 'fish', 'zsh']));
});

test('another shell is refused with those that there are', async () => {
  const { exitCode, stderr } = await execa(join(BIN, 'cni'), ['completion', 'tcsh'], { reject: false });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('bash, zsh or fish');
});
