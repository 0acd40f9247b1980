#!/bin/sh
# backup.sh FOLDER: database, roles and lake of one moment, for restore.sh.
# AUYL_ADMIN_DSN: a login that may read everything (postgres), in the serving database; AUYL_LAKE, AUYL_HASH_KEY_FILE as
# the worker has them. pg_dump and pg_dumpall are of the server's version or newer.
# The database goes first: the lake is only ever added to, so that it holds whatever the dump names.
set -eu
umask 077
to=${1:?the folder of the backup}
: "${AUYL_ADMIN_DSN:?}" "${AUYL_LAKE:?}" "${AUYL_HASH_KEY_FILE:?}"
. "$(dirname "$0")/without_password.sh"
[ -n "$(psql --dbname "$dsn" --tuples-only --no-align --command "select 1 from pg_namespace where nspname = 'ledger'")" ] ||
    { echo "AUYL_ADMIN_DSN: expected the serving database, found one without ledger" >&2; exit 1; }
mkdir "$to"
pg_dump --dbname "$dsn" --format custom --file "$to/auyl.dump"
pg_dumpall --dbname "$dsn" --roles-only --file "$to/roles.sql"
cp -R "$AUYL_LAKE" "$to/lake"
(cd "$to" && find . -type f ! -name SHA256SUMS -exec sha256sum {} +) > "$to/SHA256SUMS"
# The key stays apart: whoever has both can name every person in the lake.
echo "now put $AUYL_HASH_KEY_FILE where the backups of secrets are; without it the copy cannot be used"
