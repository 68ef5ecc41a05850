/**
 * Stays until its stdin closes, with a systemd that sees only cgroups of the name $1, and starts by the script $2. They are
 * removed by a second way to the machine's, since the first is mounted over.
 */
export const SYSTEMD_HOLDER = `
set -e
# It cleans up what it takes for its own, and must not be able to write to anything of the machine's.
while read -r _ path type options _; do
  case $type:$path:$options in
    *:/etc:* | *:/opt:* | *:ro,* | proc:* | sysfs:* | cgroup*:* | dev*:* | mqueue:* | tmpfs:*) ;;
    *) mount -o remount,bind,ro $path 2>/dev/null || true ;; # One that is mounted over is out of reach.
  esac
done </proc/self/mounts
for folder in /dev/shm /tmp /var/tmp /var/log /var/cache; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
for folder in / /home /root /srv /usr /var; do
  if (: >$folder/.written) 2>/dev/null; then echo "$folder of this machine can be written to" >&2; exit 1; fi
done
set +e
mkdir /run/machine
mount --rbind /sys/fs/cgroup /run/machine
for group in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if test -e $group/cgroup.procs; then mkdir $group/$1; fi
done
sh -c '
  for procs in /sys/fs/cgroup/$1/cgroup.procs /sys/fs/cgroup/*/$1/cgroup.procs; do
    (echo $$ >$procs) 2>/dev/null
  done
  exec unshare --pid --fork --cgroup sh -c "$2"
' sh $1 "$2" </dev/null &
cat >/dev/null
# It does not end with whoever has started it.
kill -KILL $(cat /run/systemd.pid)
for attempt in 1 2 3 4 5; do
  sleep 0.1
  find /run/machine -depth -type d -path "*/$1*" -exec rmdir {} + && break
done 2>/dev/null
`;

/** Makes the first process of a host systemd: with its own cgroups, none of the machine's units, and shared mounts. */
export const SYSTEMD_BOOT = `
read pid rest </proc/self/stat
mount -t proc proc /proc
if test -e /sys/fs/cgroup/cgroup.controllers; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs tmpfs /sys/fs/cgroup
  mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/memory
  mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
  mount -t cgroup -o memory cgroup /sys/fs/cgroup/memory
fi
mount --make-rshared /
rm -rf /etc/systemd/system
mkdir /etc/systemd/system
for unit in tmpfiles-setup.service tmpfiles-clean.timer tmpfiles-clean.service update-utmp.service; do
  ln -s /dev/null /etc/systemd/system/systemd-$unit
done
for target in sysinit basic default; do
  printf '[Unit]\\nDefaultDependencies=no\\n' >/etc/systemd/system/$target.target
done
echo $pid >/run/systemd.pid
echo ready $pid
exec env -i container=cni-ts PATH=$PATH /lib/systemd/systemd --show-status=no >/run/systemd.log 2>&1 </dev/null
`;
