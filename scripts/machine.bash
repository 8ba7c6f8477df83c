# shellcheck shell=bash
# What this project needs of a machine: packages, Docker's engine, Rust. Sourced by the scripts beside it, which have gone
# to the root of the checkout. Everything here looks first, and does nothing where nothing is missing.

export LC_ALL=C.UTF-8
# An ordinary user's path lacks the directories of dockerd, debootstrap and chroot.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
# Nothing is installed behind anybody's back: rustup would, whenever it is asked for a version.
export RUSTUP_AUTO_INSTALL=0

say() { printf '%s\n' "$*" >&2; }
step() { say "[$(printf '%3d' "$SECONDS") s] $*"; }
fail() {
  say "error: $1"
  [[ -z ${2:-} ]] || say "hint: $2"
  exit 3
}

# Output that is not needed while it works: its end is shown when it does not.
quietly() {
  local output
  output=$(mktemp)
  if "$@" >"$output" 2>&1 </dev/null; then
    rm -f "$output"
    return
  fi
  tail -n 25 "$output" >&2
  rm -f "$output"
  return 1
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    command -v sudo >/dev/null || fail "\`$1\` needs root, and \`sudo\` is not installed" "run this as root"
    sudo "$@"
  fi
}

# ---------------------------------------------------------------------- packages

is_there() {
  case $1 in
    /*) [[ -e $1 ]] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

package_lists_are_new=
update_package_lists() {
  [[ -z $package_lists_are_new ]] || return 0
  # Old lists may still be good enough for what is in the cache.
  quietly as_root apt-get update || say "the package lists could not be fetched; going on with those that are here"
  package_lists_are_new=1
}

# need_packages [--with-recommended] COMMAND=PACKAGE | FILE=PACKAGE...: installs the packages of what is not there.
need_packages() {
  local recommended=--no-install-recommends need packages=()
  if [[ $1 == --with-recommended ]]; then
    recommended=--install-recommends
    shift
  fi
  for need in "$@"; do
    is_there "${need%=*}" || packages+=("${need#*=}")
  done
  ((${#packages[@]})) || return 0
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)

  command -v apt-get >/dev/null || fail "there is no apt here to install ${packages[*]}" "install them, then run this again"
  step "installing ${packages[*]}"
  update_package_lists
  quietly as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get --option DPkg::Lock::Timeout=300 install --yes "$recommended" "${packages[@]}" ||
    fail "apt could not install ${packages[*]}" "see what it says above"

  hash -r
  for need in "$@"; do
    is_there "${need%=*}" || fail "${need%=*} is missing, though ${need#*=} is installed" "install what brings it"
  done
}

need_image_tools() {
  # Maven brings the Java that it needs itself.
  need_packages curl=curl debootstrap=debootstrap mvn=maven \
    /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring
}

# Those that the tests ask for.
build_test_images() {
  step "images"
  images/build all 9.5.3
  images/build elasticsearch 8.19.21
  images/build kibana 8.19.21
}

# ---------------------------------------------------------------------- Docker's engine

readonly dockerd_log=/var/log/dockerd.log
# The engine's process id, if it was started here and not by systemd.
started_dockerd=

docker_answers() { timeout 10 docker version >/dev/null 2>&1; }

need_docker() {
  ! docker_answers || return 0
  [[ -z ${DOCKER_HOST:-} ]] || fail "no Docker engine answers at $DOCKER_HOST" "unset DOCKER_HOST to use this machine's"
  # The recommended packages are part of a working engine: the client (Debian 13), AppArmor's tools, control groups.
  need_packages --with-recommended dockerd=docker.io docker=docker.io ip=iproute2
  ! docker_answers || return 0

  local socket=/var/run/docker.sock
  if [[ -S $socket && ! -w $socket ]]; then
    fail "$(id -un) may not use Docker" "run this with sudo, or type \`sudo usermod -aG docker $(id -un)\` and log in again"
  fi
  start_docker
}

start_docker() {
  step "starting Docker's engine"
  if [[ -d /run/systemd/system ]]; then
    quietly as_root systemctl start docker || fail "systemd could not start Docker's engine" "journalctl --unit docker"
  else
    ((EUID == 0)) || fail "Docker's engine does not run, and only root can start it here" "run this with sudo"
    if ! mountpoint -q /sys/fs/cgroup && is_there cgroupfs-mount; then cgroupfs-mount; fi
    # A session of its own: neither Ctrl-C nor the end of this script ends it.
    setsid dockerd >>"$dockerd_log" 2>&1 </dev/null &
    started_dockerd=$!
  fi
  await_docker
}

await_docker() {
  local deadline=$((SECONDS + 90))
  until docker_answers; do
    if [[ -n $started_dockerd ]] && ! kill -0 "$started_dockerd" 2>/dev/null; then
      tail -n 15 "$dockerd_log" >&2
      started_dockerd=
      fail "Docker's engine ended as soon as it was started" "all it said is in $dockerd_log"
    fi
    ((SECONDS < deadline)) || fail "Docker's engine does not answer, 90 s after its start" "journalctl --unit docker, or $dockerd_log"
    sleep 0.2
  done
}

# Ends the engine, if it is this script that started it. It stops containers that still run, and gives them time. A test
# restarts the engine, so it need not be the same process any more.
stop_started_docker() {
  [[ -n $started_dockerd ]] || return 0
  local pid deadline=$((SECONDS + 150))
  pid=$(cat /var/run/docker.pid 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      kill -KILL "$pid" 2>/dev/null || true
      break
    fi
    sleep 0.2
  done
}

# ---------------------------------------------------------------------- Rust

# Whose toolchain it is, if not that of the user who this runs as.
rust_user=

as_rust_user() {
  if [[ -z $rust_user ]]; then
    "$@"
  else
    sudo --set-home --user="$rust_user" env "PATH=$PATH" "RUSTUP_AUTO_INSTALL=$RUSTUP_AUTO_INSTALL" \
      ${RUSTUP_TOOLCHAIN:+"RUSTUP_TOOLCHAIN=$RUSTUP_TOOLCHAIN"} ${CARGO_TARGET_DIR:+"CARGO_TARGET_DIR=$CARGO_TARGET_DIR"} "$@"
  fi
}

# After `sudo`, a checkout of the caller's is built by the caller: with their toolchain, and without files of root in it.
build_as_caller() {
  local caller=${SUDO_USER:-root}
  ((EUID == 0)) && [[ $caller != root && $(stat --format %U .) == "$caller" ]] || return 0
  rust_user=$caller
  PATH=$(getent passwd "$caller" | cut -d: -f6)/.cargo/bin:$PATH
}

# is_at_least VERSION LEAST
is_at_least() { printf '%s\n' "$2" "$1" | sort --version-sort --check=quiet; }

rust_is_at_least() {
  local have
  have=$(as_rust_user rustc --version 2>/dev/null | cut -d' ' -f2)
  [[ -n $have ]] && as_rust_user cargo --version >/dev/null 2>&1 && is_at_least "$have" "$1"
}

# What apt would install, as Debian writes versions; empty where it knows no such package.
apt_version() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: \([0-9].*\)$/\1/p'; }

# What the end-to-end tests ask besides Docker and the binary.
need_test_programs() {
  need_packages strace=strace haproxy=haproxy chromium-headless-shell=chromium-headless-shell \
    /usr/bin/docker-registry=docker-registry \
    promtool=prometheus prometheus-node-exporter=prometheus-node-exporter systemd-analyze=systemd
}

# need_go VERSION: Go of that version or later, or one that fetches what a module asks for.
need_go() {
  local candidate
  PATH=$PATH:/usr/local/go/bin
  ! go_is_good_enough "$1" || return 0
  if is_there apt-get; then
    update_package_lists
    candidate=$(apt_version golang-go | sed 's/^[0-9]*://')
    if [[ -n $candidate ]] && dpkg --compare-versions "$candidate" ge "$1"; then
      need_packages /usr/bin/go=golang-go
    fi
  fi
  go_is_good_enough "$1" ||
    fail "Go $1 or later is needed, and apt has none" "install it as https://go.dev/doc/install says"
}

go_is_good_enough() {
  local have
  have=$(go version 2>/dev/null | sed 's/^go version go\([0-9.]*\).*/\1/') || return 1
  is_at_least "$have" "$1" || { is_at_least "$have" 1.21 && [[ $(go env GOTOOLCHAIN) != local ]]; }
}

# A toolchain that is new enough for Cargo.toml's `rust-version`.
need_rust() {
  local least
  least=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  [[ -n $rust_user ]] || PATH=${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH
  # Rust calls the C compiler as its linker, and `ring` compiles C.
  need_packages cc=build-essential /usr/include/stdio.h=build-essential /etc/ssl/certs/ca-certificates.crt=ca-certificates
  rust_is_at_least "$least" || install_rust "$least"
}

install_rust() {
  local least=$1 candidate
  if ! is_there rustup && is_there apt-get; then
    update_package_lists
    candidate=$(apt_version rustc)
    if [[ -n $candidate ]] && dpkg --compare-versions "$candidate" ge "$least"; then
      need_packages rustc=rustc cargo=cargo
    elif [[ -n $(apt_version rustup) ]]; then
      need_packages rustup=rustup
    fi
  fi
  if ! rust_is_at_least "$least" && is_there rustup; then
    # That version and no other: what is the user's default stays it.
    export RUSTUP_TOOLCHAIN=$least
    rust_is_at_least "$least" || {
      step "installing Rust $least"
      quietly as_rust_user rustup toolchain install "$least" --profile minimal ||
        fail "rustup could not install Rust $least" "see what it says above"
    }
  fi
  rust_is_at_least "$least" ||
    fail "Rust $least or later is needed, and apt has none" "install rustup as https://rustup.rs says, then run this again"
}

# need_cargo_command NAME COMPONENT: a command that rustup calls COMPONENT.
need_cargo_command() {
  ! as_rust_user cargo "$1" --version >/dev/null 2>&1 || return 0
  is_there rustup || fail "\`cargo $1\` is not installed" "install it from where Rust came from, for example with apt"
  step "installing $2"
  quietly as_rust_user rustup component add "$2" || fail "rustup could not install $2" "see what it says above"
}
