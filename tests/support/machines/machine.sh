# The first process of a machine: what the engine and `mesh` write to is apart from the machine around it.
#   machine.sh PLACE DATA_ROOT
# It ends when its standard input does, and with it every process of the machine.
set -euo pipefail
place=$1 root=$2

# as the process namespace around it numbers it, which this /proc still is of
read -r pid _ </proc/self/stat
echo "machine${place##*/}" >/proc/sys/kernel/hostname
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /run/lock "$place"/etc/{upper,work}
mount -t overlay -o "lowerdir=/etc,upperdir=$place/etc/upper,workdir=$place/etc/work" overlay /etc
if [[ ! -e /etc/machine-of-tests ]]; then
  printf '127.0.0.1 localhost\n' >/etc/hosts
  # neither the installed engine's configuration nor its identity
  rm -rf /etc/docker
  mkdir /etc/docker
  echo '{}' >/etc/docker/daemon.json
  touch /etc/machine-of-tests
fi

dockerd --data-root "$root" --cgroup-parent "/mesh-machines/${place##*/}" </dev/null &
echo "$pid" >"$place/pid"
read -r _ || true
