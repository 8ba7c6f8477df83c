# shellcheck shell=bash
# shellcheck disable=SC2154  # $work is ../build's
# nginx of Debian as an image, sourced by ../build. The server is real; it gets its configuration from the mesh.

build_nginx() {
  local version=$1 installed
  base_root
  root_with nginx nginx
  # shellcheck disable=SC2016  # a format of dpkg
  installed=$(in_root "$work/nginx" dpkg-query --show --showformat '${source:Upstream-Version}' nginx)
  [[ $installed == "$version" ]] || fail "Debian has nginx $installed, not $version" "images/build nginx $installed"

  image_root "$work/nginx"
  import_image nginx "$version" "$work/image" \
    'CMD ["nginx","-g","daemon off;"]' \
    'EXPOSE 443' \
    'LABEL org.opencontainers.image.title="nginx of Debian"' \
    "LABEL org.opencontainers.image.version=$version"
  rm -rf "$work/image"
}
