# shellcheck shell=bash
# Packages installed, used and removed in roots of the distributions that they are for. Sourced by scripts/package, as root.
# shellcheck disable=SC2154  # `roots` and its like are those of root.bash

readonly ubuntu=http://archive.ubuntu.com/ubuntu
# Of a package of Debian 13.
readonly ubuntu_keys=$roots/trixie/usr/share/keyrings/ubuntu-archive-keyring.gpg

# check_packages DIR
check_packages() {
  local packages=$1
  compgen -G "$packages/mesh_*_amd64.deb" >/dev/null || fail "there is no package in $packages" "scripts/package"
  step "sums"
  (cd "$packages" && sha256sum --check --quiet SHA256SUMS) || fail "a file is not the one of SHA256SUMS" "scripts/package"
  check_in bookworm "$packages" "$debian" "$debian_keys"
  check_in trixie "$packages" "$debian" "$debian_keys" ubuntu-keyring
  if can_be_read "$ubuntu"; then
    check_in jammy "$packages" "$ubuntu" "$ubuntu_keys"
  else
    say "NOT CHECKED: the packages on Ubuntu; $ubuntu cannot be reached"
  fi
  step "the packages can be installed, used and removed"
}

can_be_read() { timeout 20 bash -c "exec 3<>/dev/tcp/$(cut -d/ -f3 <<<"$1")/80" 2>/dev/null; }

# check_in RELEASE PACKAGES MIRROR KEYS PACKAGE...: in a copy of the root of that release, which is thrown away. Users are
# looked up by a module of the distribution's own (libnss-systemd), too: a static glibc ends with a signal there.
check_in() {
  local release=$1 packages=$2 mirror=$3 keys=$4 copy=$roots/checked.$$ status=0
  shift 4
  need_root "$release" "$release" "$mirror" "$keys" libnss-systemd man-db bash-completion "$@" ||
    fail "debootstrap could not make a root of $release" "see what it says above; MESH_DEBIAN_MIRROR names another mirror"
  step "in a root of $release"
  cp --archive --reflink=auto "$roots/$release" "$copy"
  in_root --read-only "$packages" /packages --read-only "$PWD" /checkout "$copy" /checkout/scripts/package.d/inside || status=$?
  rm -rf --one-file-system "$copy"
  ((status == 0)) || fail "the packages are not as wanted on $release" "see what it says above"
}
