-- Three databases, each with a role of its own that may reach no other. Run once, by `psql` as the superuser, with the
-- passwords as variables: psql -v airflow_password=… -v layer_password=… -v journal_password=… -f roles.sql
\set ON_ERROR_STOP on
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE ROLE layer LOGIN PASSWORD :'layer_password';
CREATE ROLE journal LOGIN PASSWORD :'journal_password';
CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE layer OWNER layer;
CREATE DATABASE journal OWNER journal;
-- Without this every role may connect to every database.
REVOKE ALL ON DATABASE airflow, layer, journal, postgres FROM PUBLIC;
