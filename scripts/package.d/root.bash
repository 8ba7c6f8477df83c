# shellcheck shell=bash
# Debian and Ubuntu root file systems, by debootstrap. Sourced by scripts/package, as root.

# What is kept between runs: the root to compile in, and those to check packages in.
readonly roots=${MESH_PACKAGE_WORK:-/var/tmp/mesh-packages}

# shellcheck disable=SC2034  # for need_root
readonly debian=${MESH_DEBIAN_MIRROR:-http://deb.debian.org/debian}
# shellcheck disable=SC2034
readonly debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# Runs share the roots; one that makes a root waits until no other uses any.
use_roots() {
  mkdir -p "$roots"
  exec {roots_lock}>"$roots/lock"
  flock --shared "$roots_lock"
}

# in_root [--bind FROM TO | --read-only FROM TO]... ROOT COMMAND...: in a mount namespace of its own, which the kernel takes
# down with its last process, so no way of stopping it leaves a mount behind.
in_root() {
  local mounts=()
  while [[ $1 == --* ]]; do
    mounts+=("${1#--}" "$2" "$3")
    shift 3
  done
  local root=$1
  shift
  # shellcheck disable=SC2016  # expanded by the inner shell
  env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    unshare --mount --pid --fork --kill-child bash -euc '
      root=$1 count=$2
      shift 2
      mount --bind "$root" "$root"
      mount -t proc proc "$root/proc"
      for ((; count; count--)); do
        mkdir -p "$root$3"
        mount --bind "$2" "$root$3"
        [[ $1 != read-only ]] || mount -o remount,bind,ro "$root$3"
        shift 3
      done
      exec chroot "$root" "$@"
    ' in_root "$root" "$((${#mounts[@]} / 3))" "${mounts[@]}" "$@"
}

# need_root NAME SUITE MIRROR KEYRING PACKAGE...: the root NAME, made anew unless it is there with these packages. Its
# `.ready` file is written last; anything else is left over from an interrupted run.
need_root() {
  local root=$roots/$1 suite=$2 mirror=$3 keyring=$4
  shift 4
  local made_from="$suite $*"
  ! is_ready "$root" "$made_from" || return 0
  flock --unlock "$roots_lock"
  flock "$roots_lock"
  if ! is_ready "$root" "$made_from"; then
    step "making a root file system of $suite"
    rm -f "$root.ready"
    rm -rf --one-file-system "$root"
    quietly unshare --mount debootstrap --variant=minbase --keyring="$keyring" \
      --include="$(IFS=, && printf '%s' "$*")" "$suite" "$root" "$mirror" || return 1
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    printf '%s\n' "$made_from" >"$root.ready"
  fi
  flock --shared "$roots_lock"
}

is_ready() { [[ -e $1.ready && $(<"$1.ready") == "$2" ]]; }
