#!/bin/bash
# `eswrapper` starts the server, as in the official image; anything else is run as it is.
set -euo pipefail
umask 0002
cd /usr/share/elasticsearch

if [[ ${1:-} != eswrapper ]]; then
  exec "$@"
fi

# A file keeps the password out of `docker inspect`; one that others may read does not.
if [[ -n ${ELASTIC_PASSWORD_FILE:-} ]]; then
  if [[ -n ${ELASTIC_PASSWORD:-} ]]; then
    echo "ERROR: Both ELASTIC_PASSWORD and ELASTIC_PASSWORD_FILE are set. These are mutually exclusive." >&2
    exit 1
  fi
  mode=$(stat -L -c %a "$ELASTIC_PASSWORD_FILE")
  if [[ $mode != 400 && $mode != 600 ]]; then
    echo "ERROR: File $ELASTIC_PASSWORD_FILE from ELASTIC_PASSWORD_FILE must have file permissions 400 or 600, but actually has: $mode" >&2
    exit 1
  fi
  ELASTIC_PASSWORD=$(<"$ELASTIC_PASSWORD_FILE")
  export ELASTIC_PASSWORD
fi

exec bin/elasticsearch
