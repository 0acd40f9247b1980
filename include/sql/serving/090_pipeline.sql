-- What the pipeline and the publisher may do, after all tables and views were made.
-- inputs: all tables and views of ledger, serving and vault
--
-- The ledger is only added to.
grant usage on schema ledger, serving, vault, access to auyl_pipeline, auyl_publisher;
grant select, insert on all tables in schema ledger to auyl_pipeline, auyl_publisher;
-- Who sends alarms locks the table against another sender.
grant maintain on ledger.alarm_sending to auyl_pipeline;
grant select on all tables in schema serving to auyl_pipeline;
grant select on all tables in schema vault to auyl_pipeline;
grant select, insert, update, delete on all tables in schema serving to auyl_publisher;
grant select, insert, update, delete on all tables in schema vault to auyl_publisher;
-- A publication replaces the table of persons by another one.
grant create on schema vault to auyl_publisher;
do $$
begin
    if (select tableowner from pg_tables where schemaname = 'vault' and tablename = 'person') <> 'auyl_publisher' then
        alter table vault.person owner to auyl_publisher;
    end if;
end
$$;
grant select on vault.person to auyl_pipeline;
alter default privileges for role auyl_publisher in schema vault grant select on tables to auyl_pipeline;

-- A process refuses a database of another version.
grant usage on schema migration to auyl_pipeline, auyl_publisher;
grant select on migration.alembic_version to auyl_pipeline, auyl_publisher;
