-- What the roles of 040 may read: row-level security, the current views, open tables.
-- grain: the views keep the grain of their tables, restricted to the current revision
-- key: (period, kato, level, indicator_id)
-- inputs: serving.*, access.allowed, access.places_in, access.readers_of
--
-- The policies do not bind the owner, who publishes. A policy without `(select …)` around the function would call it
-- once per row; with it the function runs once per query and the index on the code is used.

alter table serving.snapshot_value enable row level security;

-- A revision is read in the edition of KATO that it was published in: the same code may have meant another place.
drop policy if exists read_own_territory on serving.snapshot_value;
create policy read_own_territory on serving.snapshot_value for select to auyl_reads_snapshot
using (
    access.holds((select array_agg(a.kato) from access.places_in(access.readers_of('snapshot')) as a), kato)
    and kato = any((select array_agg(a.kato) from access.places_in(access.readers_of('snapshot')) as a)::text[])
    and (period, revision, kato) in (
        select
            s.period,
            s.revision,
            a.kato
        from access.places_in(access.readers_of('snapshot')) as a
        inner join serving.snapshot as s on a.edition = s.edition
    )
);

-- Without security_invoker a view reads with the rights of its owner, whom no policy binds.
create or replace view serving.snapshot_current with (security_invoker = true) as
select v.*
from serving.snapshot_value as v
inner join serving.current_snapshot as f on f.period = v.period and f.revision = v.revision;

-- The publisher writes every row, and the pipeline compares revisions.
drop policy if exists publish on serving.snapshot_value;
create policy publish on serving.snapshot_value to auyl_publisher using (true) with check (true);
drop policy if exists compare on serving.snapshot_value;
create policy compare on serving.snapshot_value for select to auyl_pipeline using (true);

-- What became of places is no secret; guarded like everything that a reader opens.
alter table serving.place_link enable row level security;
drop policy if exists read_all on serving.place_link;
create policy read_all on serving.place_link for select to auyl_reader using (true);

-- Grain: okrug of the current edition, or of one that a month is published in, and published period. Key: edition,
-- kato, period. Inputs: serving.territory, current_snapshot, place_link. kato_then: its code in the edition of that
-- period; null where it was no okrug then.
create or replace view serving.okrug_of_month with (security_invoker = true) as
select
    o.edition,
    o.kato,
    f.period,
    case when f.edition = o.edition then o.kato else l.kato_to end as kato_then
from serving.territory as o
cross join serving.current_snapshot as f
left join serving.place_link as l
    on o.edition = l.edition_from and f.edition = l.edition_to and o.kato = l.kato_from
where
    o.level = 'okrug'
    and o.edition in (
        select access.current_edition()
        union all
        select s.edition from serving.current_snapshot as s
    );
drop policy if exists publish on serving.place_link;
create policy publish on serving.place_link to auyl_publisher using (true) with check (true);
drop policy if exists compare on serving.place_link;
create policy compare on serving.place_link for select to auyl_pipeline using (true);

grant usage on schema serving to auyl_reader;
-- the same rows for everybody
grant select on
    serving.territory, serving.place_link, serving.okrug_of_month, serving.theme, serving.indicator,
    serving.snapshot, serving.current_snapshot, serving.snapshot_source
to auyl_reader;
grant select on serving.snapshot_value, serving.snapshot_current to auyl_reads_snapshot;
grant execute on function
access.allowed(text[]), access.allowed_in(text[]), access.places_in(text[]), access.readers_of(text),
access.current_edition(), access.holds(text[], text)
to auyl_reader;

grant usage on schema access to auyl_portal;
