import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { configOf, type Document, OURS, temporaryFolder } from './support.ts';

/** Runs a shell script in a mount namespace of its own; `cni VERB ID` in it calls host-local. */
async function inOwnMounts(dataDir: string, script: string): Promise<readonly string[]> {
  const config = JSON.stringify(configOf(dataDir, { ranges: [[{ subnet: '10.8.0.0/16' }]] }));
  const prelude = `set -u; d='${dataDir}'
cni() { printf '%s' '${config}' | env -i CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_IFNAME=eth0 CNI_NETNS=/no CNI_PATH=/no '${OURS}' | tr -d '\\n'; echo; }`;
  const { stdout } = await execa('unshare', ['--mount', 'bash', '-c', `${prelude}\n${script}`]);
  return stdout.split('\n');
}

function decoded(line: string | undefined): Document {
  return JSON.parse(line || '{}') as Document;
}

describe('a disk that takes nothing', () => {
  test('full: a clear error and nothing half done, and it goes on when there is room', async () => {
    const dataDir = temporaryFolder();
    const [before, full, listing, status, deleted, again] = await inOwnMounts(
      dataDir,
      `mount -t tmpfs -o size=128k none "$d"
cni ADD a
head -c 1M /dev/zero > "$d/filler" 2>/dev/null
cni ADD b
echo $(ls -A "$d/net")
cni STATUS b
cni DEL a
rm "$d/filler"
cni ADD c`,
    );
    expect(decoded(before).ips?.[0]?.address).toBe('10.8.0.2/16');
    expect(decoded(full)).toMatchObject({ code: 5, msg: expect.stringContaining('no space left on device') });
    expect(decoded(full).details).not.toBe('');
    expect(listing).toBe('10.8.0.2 last_reserved_ip.0 lock');
    expect(decoded(status)).toMatchObject({ code: 50 });
    expect(deleted).toBe('');
    expect(decoded(again).ips).toHaveLength(1);
  });

  test('without inodes', async () => {
    const [before, full, listing, deleted] = await inOwnMounts(
      temporaryFolder(),
      `mount -t tmpfs -o size=1m,nr_inodes=12 none "$d"
cni ADD a
i=0; while touch "$d/filler$i" 2>/dev/null; do i=$((i+1)); done
cni ADD b
echo $(ls -A "$d/net")
cni DEL a`,
    );
    expect(decoded(before).ips).toHaveLength(1);
    expect(decoded(full)).toMatchObject({ code: 5, msg: expect.stringContaining('no space left on device') });
    expect(listing).toBe('10.8.0.2 last_reserved_ip.0 lock');
    expect(deleted).toBe('');
  });

  test('read-only', async () => {
    const [before, add, del, status] = await inOwnMounts(
      temporaryFolder(),
      `mount -t tmpfs none "$d"
cni ADD a
mount -o remount,ro "$d"
cni ADD b
cni DEL a
cni STATUS b`,
    );
    expect(decoded(before).ips).toHaveLength(1);
    for (const line of [add, del]) {
      expect(decoded(line)).toMatchObject({ code: 5, msg: expect.stringContaining('read-only file system') });
    }
    expect(decoded(status)).toMatchObject({ code: 50, details: expect.stringContaining('read-only') });
  });

  test('a file where the folder should be, a folder where the lock should be', async () => {
    const [file, folder] = await inOwnMounts(
      temporaryFolder(),
      `touch "$d/net"; cni ADD a; rm "$d/net"; mkdir -p "$d/net/lock"; cni ADD a`,
    );
    expect(decoded(file)).toMatchObject({ code: 5, msg: expect.stringMatching(/^mkdir .*\/net: not a directory$/) });
    expect(decoded(folder)).toMatchObject({ code: 5, msg: expect.stringMatching(/^open .*\/lock: is a directory$/) });
  });
});
