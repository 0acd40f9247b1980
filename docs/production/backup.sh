#!/bin/sh
# backup.sh FOLDER: database, roles, lake and key of one moment, for restore.sh.
# AUYL_ADMIN_DSN: a login that may read everything (postgres); AUYL_LAKE, AUYL_HASH_KEY_FILE as the worker has them.
# The database goes first: the lake is only ever added to, so that it holds whatever the dump names.
set -eu
umask 077
to=${1:?the folder of the backup}
mkdir "$to"
pg_dump --dbname "$AUYL_ADMIN_DSN" --format custom --file "$to/auyl.dump"
pg_dumpall --dbname "$AUYL_ADMIN_DSN" --roles-only --file "$to/roles.sql"
cp -R "$AUYL_LAKE" "$to/lake"
(cd "$to" && find . -type f ! -name SHA256SUMS -exec sha256sum {} +) > "$to/SHA256SUMS"
# The key stays apart: whoever has both can name every person in the lake.
echo "now put $AUYL_HASH_KEY_FILE where the backups of secrets are; without it the copy cannot be used"
