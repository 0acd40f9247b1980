-- Grain: entity that has a fresh claim to the attribute. Key: entity_key. Inputs: claim.
-- The first by rank stands; within a rank the newest, then the table's own preference, then file and record: a total
-- order. Claims of a source that say the same are one. `others` are the claims that did not stand, `losing` those of
-- them that say something else. A stale claim disputes nothing, nor does a row that the table prefers another row to.
with repeated as (
    select entity_key
    from claim
    group by entity_key
    having count(*) > 1
),

alone as (
    select * exclude (rank, turn, is_stale)
    from claim
    anti join repeated using (entity_key)
    where not is_stale
),

said as (
    select *
    from claim
    semi join repeated using (entity_key)
    qualify
        row_number() over (
            partition by entity_key, rank, value order by is_stale, as_of desc, turn, file, record
        ) = 1
),

placed as (
    select
        *,
        row_number() over (
            partition by entity_key order by is_stale, rank, as_of desc, turn, file, record
        ) as place
    from said
),

winner as (
    select *
    from placed
    where place = 1 and not is_stale
),

loser as (
    select
        p.entity_key,
        count(*) filter (where p.value <> w.value) as losing,
        bool_or(
            p.value <> w.value and not p.is_stale and (p.rank <> w.rank or p.turn = 0)
        ) as is_disputed,
        list(
            {
                'value': p.value, 'registry': p.registry, 'batch': p.batch, 'file': p.file, 'record': p.record,
                'as_of': p.as_of, 'is_stale': p.is_stale
            }
            order by p.place
        ) as others
    from placed as p
    inner join winner as w on p.entity_key = w.entity_key
    where p.place > 1
    group by p.entity_key
)

select
    *,
    0 as losing,
    false as is_disputed,
    null as others
from alone
union all
select
    w.* exclude (rank, turn, is_stale, place),
    coalesce(l.losing, 0) as losing,
    coalesce(l.is_disputed, false) as is_disputed,
    l.others
from winner as w
left join loser as l on w.entity_key = l.entity_key
