-- Table, row-level policy, view and grants of one coordinators' subject; the names come from its description in
-- include/subjects.
-- grain: settlement, and value of the subject's further key; settlement_kato is '' for what is known by okrug only
-- key: period, revision, okrug_kato, settlement_kato${more_key}
-- inputs: serving.snapshot, serving.current_snapshot, access.allowed, access.readers_of
create table if not exists serving.${table} (
    period text not null,
    revision integer not null,
    okrug_kato text not null,
    settlement_kato text not null,
    settlement_ru text,
    settlement_kk text,
    ${columns},
    primary key (period, revision, okrug_kato, settlement_kato${more_key}),
    foreign key (period, revision) references serving.snapshot
);
-- a column that the description did not have yet when the table was made: unknown in revisions that were published then
alter table serving.${table} ${added_columns};
create index if not exists ${subject}_okrug_idx on serving.${table} (okrug_kato, period, revision);

alter table serving.${table} enable row level security;
drop policy if exists read_own_territory on serving.${table};
create policy read_own_territory on serving.${table} for select to auyl_reader
using (
    okrug_kato = any((select array_agg(a.kato) from access.allowed_in(access.readers_of('${subject}')) as a)::text[])
    and (period, revision, okrug_kato) in (
        select
            s.period,
            s.revision,
            a.kato
        from access.allowed_in(access.readers_of('${subject}')) as a
        inner join serving.snapshot as s on a.edition = s.edition
    )
);

create or replace view serving.${subject}_current with (security_invoker = true) as
select v.*
from serving.${table} as v
inner join serving.current_snapshot as f on f.period = v.period and f.revision = v.revision;

revoke all on serving.${table}, serving.${subject}_current from public, auyl_reader, auyl_engineer, auyl_portal;
grant select on serving.${table}, serving.${subject}_current to auyl_reader;

insert into access.reader (subject, role) values ${readers};
