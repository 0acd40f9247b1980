-- Where registries disagree, by period, for engineers and for the owner who has to act.
-- inputs: access.registries

-- Grain: unbroken stretch of periods with a contradiction. A period that could not judge its type neither opens nor
-- closes it; closed_period is the first later one that could and does not hold it, null while it is open.
create or replace view serving.contradiction_history with (security_invoker = true) as
with judged as (
    select
        type_id,
        period,
        row_number() over (partition by type_id order by period) as nth,
        lead(period) over (partition by type_id order by period) as next_period
    from serving.contradiction_judged
),

placed as (
    select
        c.*,
        j.next_period,
        j.nth - row_number() over (partition by c.type_id, c.subject_kind, c.subject_key order by c.period) as stretch
    from serving.contradiction as c
    inner join judged as j on c.type_id = j.type_id and c.period = j.period
)

select
    type_id,
    subject_kind,
    subject_key,
    (array_agg(owner_registry order by period desc))[1] as owner_registry,
    (array_agg(okrug_kato order by period desc))[1] as okrug_kato,
    min(period) as opened_period,
    max(period) as last_period,
    (array_agg(next_period order by period desc))[1] as closed_period
from placed
group by type_id, subject_kind, subject_key, stretch;

alter table serving.contradiction enable row level security;
drop policy if exists read_own_registry on serving.contradiction;
create policy read_own_registry on serving.contradiction for select to auyl_reads_own_registry
using (
    access.holds((select access.registries()), owner_registry)
    and owner_registry = any((select access.registries())::text[])
);
drop policy if exists engineers_read on serving.contradiction;
create policy engineers_read on serving.contradiction for select to auyl_engineer using (true);

drop policy if exists publish on serving.contradiction;
create policy publish on serving.contradiction to auyl_publisher using (true) with check (true);
drop policy if exists compare on serving.contradiction;
create policy compare on serving.contradiction for select to auyl_pipeline using (true);

-- Of readers, only the office that owns a registry.
grant select on
    serving.contradiction, serving.contradiction_history, serving.contradiction_judged, serving.contradiction_type
to auyl_reads_own_registry;
