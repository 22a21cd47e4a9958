-- What a bot that runs may do, and no more: rows, never tables. Migrations need the owner.
--   psql --set=bot=shudong_bot --set=owner=shudong --dbname=shudong --file=grants.sql
-- Run it once as the owner or a superuser, after the first `python -m bot migrate`; tables that later
-- migrations make are covered by the default privileges.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"bot";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"bot";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :"bot";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"bot";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO :"bot";
REVOKE INSERT, UPDATE, DELETE ON alembic_version, schema_compatibility FROM :"bot";
