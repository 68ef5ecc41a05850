# The guest's first process once its root is complete: runs the command, notes how it ended, and switches the guest off.
. /settings
echo up >/share/up
export PATH="$NODE:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root
# Not by the machine's udev, as elsewhere.
ln -s /proc/self/fd /dev/fd
mkdir /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ip link set dev lo up
cd "$PROJECT"
# Output goes its own way, apart from what the kernel has to say; behind a pipe nobody takes it for a terminal.
stty -F /dev/ttyS1 raw
{
  sh -c "$COMMAND" </dev/null 2>&1
  echo $? >/share/status
} | cat >/dev/ttyS1
sync
echo o >/proc/sysrq-trigger
# The first process must not end before the power is off.
while :; do sleep 1; done
