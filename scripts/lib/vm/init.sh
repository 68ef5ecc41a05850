#!/bin/busybox sh
# The guest's first process: finds the shared folders and builds a root file system of them. When it ends, so does the
# guest, and the console says why.
set -e
. /settings
busybox=/bin/busybox
mkdir() { $busybox mkdir -p "$@"; }
mount() { $busybox mount "$@"; }

mkdir /proc /sys /dev /new
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do $busybox insmod "$module"; done

mount -t tmpfs -o mode=755 root /new
cd /new
mkdir usr etc run tmp root opt/cni/bin var/lib var/log proc sys dev share lower/host lower/etc lower/usr \
  lower/kernel lower/project upper/etc upper/project work/etc work/project ".$PROJECT"
$busybox chmod 1777 tmp
for name in bin sbin lib lib64; do $busybox ln -s "usr/$name" "$name"; done
$busybox ln -s /run var/run

share=trans=virtio,version=9p2000.L,msize=512000
# Nothing there changes while the guest runs, so it may remember all it has read.
mount -t 9p -o "$share,cache=loose,ro" host lower/host
mount -t 9p -o "$share" share share

# By names without the characters that have a meaning in mount options.
mount --bind "lower/host$KERNEL/usr" lower/kernel
mount --bind "lower/host$PROJECT" lower/project
mount --bind lower/host/usr lower/usr
mount --bind lower/host/etc lower/etc
# The kernel's modules appear in /usr/lib although the machine's own /usr cannot be written.
mount -t overlay -o ro,lowerdir=/new/lower/kernel:/new/lower/usr usr usr
# What is written there stays in the guest's memory.
for name in etc project; do
  target=$name
  [ "$name" = etc ] || target=".$PROJECT"
  mount -t overlay -o "lowerdir=/new/lower/$name,upperdir=/new/upper/$name,workdir=/new/work/$name" "$name" "$target"
done
if [ ! -x ".$NODE/node" ]; then
  mkdir ".$NODE"
  mount --bind "lower/host$NODE" ".$NODE"
fi

$busybox cp /start /settings .
for name in proc sys dev; do mount --move "/$name" "$name"; done
exec $busybox switch_root /new /bin/sh /start
