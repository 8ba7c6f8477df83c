# shellcheck shell=bash
# shellcheck disable=SC2154  # $here and $work are ../build's
# The Kibana stand-in's image, sourced by ../build: Python, one program, and the layout of the official image.

build_kibana() {
  local version=$1
  base_root
  root_with python python3-yaml

  image_root "$work/python"
  local home=$work/image/usr/share/kibana
  mkdir -p "$home"/data
  cp -a "$here"/kibana/home/. "$home/"
  # The checkout may have been made with another umask.
  chmod -R u=rwX,go=rX "$home"
  install -m 755 "$here/kibana/kibana-docker" "$work/image/usr/local/bin/kibana-docker"
  # As in the official image, the version stands in package.json.
  printf '{"name": "kibana-stand-in", "version": "%s"}\n' "$version" >"$home/package.json"
  in_root "$work/image" python3 -m compileall -q /usr/share/kibana/stand-in
  chroot "$work/image" useradd --uid 1000 --gid 0 --no-create-home --home-dir /usr/share/kibana kibana
  # Any user id with the group 0 may write here, as in the official image.
  chown -R 1000:0 "$home"/{config,data}
  chmod -R g=u "$home"/{config,data}

  import_image kibana "$version" "$work/image" \
    'ENTRYPOINT ["/usr/bin/tini","--"]' \
    'CMD ["/usr/local/bin/kibana-docker"]' \
    'USER 1000:0' \
    'WORKDIR /usr/share/kibana' \
    'EXPOSE 5601' \
    'ENV ELASTIC_CONTAINER=true' \
    'ENV PATH=/usr/share/kibana/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    'LABEL mesh.stand-in=true' \
    'LABEL org.opencontainers.image.title="Kibana stand-in"' \
    "LABEL org.opencontainers.image.version=$version"
  rm -rf "$work/image"
}
