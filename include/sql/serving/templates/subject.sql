-- Table, row-level policy, view and grants of one coordinators' subject; the names come from its description in
-- include/subjects.
-- grain: settlement, and value of the subject's further key; settlement_kato is '' for what is known by okrug only
-- key: okrug_kato, period, revision, settlement_kato${more_key}
-- inputs: serving.snapshot, serving.current_snapshot, access.allowed, access.readers_of
create table if not exists serving.${table} (
    period text not null,
    revision integer not null,
    okrug_kato text not null,
    settlement_kato text not null,
    settlement_ru text,
    settlement_kk text,
    ${columns},
    primary key (okrug_kato, period, revision, settlement_kato${more_key}),
    foreign key (period, revision) references serving.snapshot
);
-- a column that the description did not have yet when the table was made: unknown in revisions that were published then
alter table serving.${table} ${added_columns};
drop index if exists serving.${subject}_okrug_idx;
-- The policy's column leads every index: a search for another okrug's row then ends in the index, and no count of a plan
-- says whether there is one.
do $$$$
begin
    if (
        select pg_get_constraintdef(c.oid) from pg_constraint as c
        where c.conrelid = 'serving.${table}'::regclass and c.contype = 'p'
    ) not like 'PRIMARY KEY (okrug_kato,%' then
        alter table serving.${table} drop constraint ${table}_pkey;
        alter table serving.${table} add primary key (okrug_kato, period, revision, settlement_kato${more_key});
    end if;
end
$$$$;
do $$$$
begin
    if not exists (select from pg_roles where rolname = 'auyl_reads_${subject}') then
        create role auyl_reads_${subject} nologin;
    end if;
exception when duplicate_object or unique_violation then
    null;
end
$$$$;
do $$$$
begin
    if not exists (
        select from pg_auth_members as m
        where m.roleid = 'auyl_reads_${subject}'::regrole and m.member = 'auyl_portal'::regrole
    ) then
        grant auyl_reads_${subject} to auyl_portal;
    end if;
end
$$$$;

alter table serving.${table} enable row level security;
drop policy if exists read_own_territory on serving.${table};
create policy read_own_territory on serving.${table} for select to auyl_reads_${subject}
using (
    access.holds((select array_agg(a.kato) from access.allowed_in(access.readers_of('${subject}')) as a), okrug_kato)
    and okrug_kato = any((select array_agg(a.kato) from access.allowed_in(access.readers_of('${subject}')) as a)::text[])
    and (period, revision, okrug_kato) in (
        select
            s.period,
            s.revision,
            a.kato
        from access.allowed_in(access.readers_of('${subject}')) as a
        inner join serving.snapshot as s on a.edition = s.edition
    )
);

drop policy if exists publish on serving.${table};
create policy publish on serving.${table} to auyl_publisher using (true) with check (true);
drop policy if exists compare on serving.${table};
create policy compare on serving.${table} for select to auyl_pipeline using (true);

create or replace view serving.${subject}_current with (security_invoker = true) as
select v.*
from serving.${table} as v
inner join serving.current_snapshot as f on f.period = v.period and f.revision = v.revision;

revoke all on serving.${table} from public;
grant select on serving.${table}, serving.${subject}_current to auyl_reads_${subject}, auyl_pipeline;
grant select, insert, update, delete on serving.${table} to auyl_publisher;

insert into access.reader (subject, role) values ${readers};
