#!/usr/bin/env bash
# Run by the PostgreSQL image when its folder is new: databases and roles, with the passwords from the secrets.
set -euo pipefail
set -- -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres
for role in airflow layer journal analyst; do
    set -- "$@" -v "${role}_password=$(cat "/run/secrets/${role}_db_password")"
done
psql "$@" -f /etc/euregio/roles.sql
psql "$@" -f /etc/euregio/analyst.sql
