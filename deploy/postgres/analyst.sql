-- A role that reads the layer's catalogue and changes nothing: for analysts, together with the read-only key of the store.
-- Run by `psql` as the superuser, once or again (then it sets the password anew):
--   psql -v analyst_password=… -f analyst.sql
-- What is in the layer has passed its datasets' release policies; zones, Airflow's metadata and the journal it cannot reach.
\set ON_ERROR_STOP on
SELECT 'CREATE ROLE analyst LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analyst') \gexec
ALTER ROLE analyst NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 50 PASSWORD :'analyst_password';
-- a question that runs for ever, or a session left open, keeps old rows of the catalogue from being swept
ALTER ROLE analyst SET statement_timeout = '10min';
ALTER ROLE analyst SET idle_in_transaction_session_timeout = '1h';
GRANT CONNECT ON DATABASE layer TO analyst;
\connect layer
GRANT USAGE ON SCHEMA public TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO analyst;
-- the catalogue makes tables of its own as it goes (small inserts are kept in them)
ALTER DEFAULT PRIVILEGES FOR ROLE layer IN SCHEMA public GRANT SELECT ON TABLES TO analyst;
