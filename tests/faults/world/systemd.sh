# A machine whose first process is the installed systemd: what that and its units write to is apart from the machine around
# it, whose network and Docker engine it has.
#   systemd.sh outside PLACE
# It ends when its standard input does, and with it every process of the machine.
set -euo pipefail
stage=$1 place=$2

# Control groups of version 1 or 2, in which systemd has a part of its own.
version_1=/sys/fs/cgroup/systemd
if [[ -d $version_1 ]]; then groups=$version_1/mesh-systemd; else groups=/sys/fs/cgroup/mesh-systemd; fi

if [[ $stage == outside ]]; then
  bash -c 'mkdir -p "$1" && echo $$ >"$1/cgroup.procs" && shift && exec "$@"' enter "$groups" \
    unshare --mount --uts --ipc --pid --cgroup --fork --kill-child bash "$0" inside "$place" </dev/null &
  machine=$!
  { read -r _ || true; kill -KILL "$machine"; } <&0 &
  wait "$machine" || true
  # its processes are gone a moment later
  for ((tries = 100; tries; tries--)); do
    ! find "$groups" -depth -type d -exec rmdir {} + 2>/dev/null || break
    sleep 0.1
  done
  rmdir /var/lib/mesh-serve
  exit
fi

# as the process namespace around it numbers it, which this /proc still is of
read -r pid _ </proc/self/stat
mount --make-rprivate /
echo systemd >/proc/sys/kernel/hostname
mount -t proc proc /proc
for tree in /proc/sys /sys; do
  mount --bind "$tree" "$tree"
  mount -o remount,bind,ro "$tree"
done
if [[ -d $version_1 ]]; then
  mount -t tmpfs tmpfs /sys/fs/cgroup
  mkdir "$version_1"
  mount -t cgroup -o none,name=systemd cgroup "$version_1"
else
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi

mkdir -p "$place"/{dev,run,etc/upper,etc/work} /var/lib/mesh-serve
mount -t tmpfs -o mode=755 tmpfs "$place/dev"
cp -a /dev/{null,zero,full,random,urandom,tty} "$place/dev"
mkdir "$place"/dev/{pts,shm}
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$place/dev/pts"
ln -s pts/ptmx "$place/dev/ptmx"
mount --move "$place/dev" /dev
mount -t tmpfs -o mode=755 tmpfs "$place/run"
touch "$place/run/docker.sock"
mount --bind /run/docker.sock "$place/run/docker.sock"
# Its table of mounts is in the /run that this covers.
mount --no-mtab --move "$place/run" /run
mount -t tmpfs -o mode=755 tmpfs /var/lib/systemd
mount -t tmpfs -o mode=755 tmpfs /var/lib/mesh-serve
mount -t overlay -o "lowerdir=/etc,upperdir=$place/etc/upper,workdir=$place/etc/work" overlay /etc
# Nothing of what a machine does as it starts is done to the one around it: that removes what is in /tmp, for one.
mount -t tmpfs tmpfs /tmp
for target in sysinit timers; do mount -t tmpfs -o mode=755 tmpfs "/usr/lib/systemd/system/$target.target.wants"; done
rm -rf /etc/systemd/system/* /etc/fstab
printf '[Unit]\nWants=systemd-journald.service\nAfter=systemd-journald.service\n' >/etc/systemd/system/sysinit.target
for unit in docker.service docker.socket containerd.service; do ln -s /dev/null "/etc/systemd/system/$unit"; done
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\n' >/etc/systemd/journald.conf.d/test.conf

echo "$pid" >"$place/pid"
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=basic.target --show-status=no
