# Read by backup.sh and restore.sh: `dsn` is AUYL_ADMIN_DSN without its password, which goes to libpq by the environment. An
# argument can be read by every account of the machine.
dsn=$AUYL_ADMIN_DSN
password=$(printf %s "$dsn" | sed -n 's#^[^:]*://[^:@/]*:\([^@]*\)@.*#\1#p')
case $password in
    '') ;;
    *%*) echo "AUYL_ADMIN_DSN: expected a password without %; give it as PGPASSWORD" >&2; exit 1 ;;
    *) export PGPASSWORD="$password"; dsn=$(printf %s "$dsn" | sed 's#://\([^:@/]*\):[^@]*@#://\1@#') ;;
esac
