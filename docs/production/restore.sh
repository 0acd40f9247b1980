#!/bin/sh
# restore.sh FOLDER: what backup.sh made, into an empty server and an empty lake.
# AUYL_ADMIN_DSN: a superuser of the new server, in its database `postgres`; AUYL_LAKE: the folder of the new lake.
set -eu
umask 077
from=${1:?the folder of the backup}
(cd "$from" && sha256sum --quiet --check SHA256SUMS)
[ ! -e "$AUYL_LAKE" ] || [ -z "$(ls -A "$AUYL_LAKE")" ] || { echo "$AUYL_LAKE is not empty" >&2; exit 1; }
# Roles that this server has already are kept.
psql --dbname "$AUYL_ADMIN_DSN" --quiet --file "$from/roles.sql" 2>&1 | grep -v 'already exists' >&2 || true
psql --dbname "$AUYL_ADMIN_DSN" --quiet --set ON_ERROR_STOP=1 --command 'create database auyl template template0'
pg_restore --dbname "$(echo "$AUYL_ADMIN_DSN" | sed 's#/[^/?]*\(?[^?]*\)\{0,1\}$#/auyl\1#')" --exit-on-error "$from/auyl.dump"
mkdir -p "$AUYL_LAKE"
cp -R "$from/lake/." "$AUYL_LAKE"
