-- Grain: entity that has a fresh claim to the attribute. Key: entity_key. Inputs: claim.
-- The first by rank wins; within a rank the newest, then the table's preference, then file and record: a total order.
-- Equal claims of a source count as one. `others` are the claims that were not chosen, `losing` counts those with
-- another value. Neither a stale claim nor a row to which the table prefers another disputes the value.
-- Variables: tolerance (numbers that differ by no more are equal; null: no number).
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

distinct_claim as (
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
            partition by entity_key order by is_stale, rank, as_of desc, turn, file, record, value
        ) as place
    from distinct_claim
),

winner as (
    select *
    from placed
    where place = 1 and not is_stale
),

beside as (
    select
        p.*,
        p.value <> w.value
        and coalesce(
            abs(try_cast(p.value as double) - try_cast(w.value as double)) > getvariable('tolerance'), true
        ) as differs,
        p.rank = w.rank and p.turn > 0 as is_preferred_to
    from placed as p
    inner join winner as w on p.entity_key = w.entity_key
    where p.place > 1
),

loser as (
    select
        entity_key,
        count(*) filter (where differs) as losing,
        bool_or(differs and not is_stale and not is_preferred_to) as is_disputed,
        list(
            {
                'value': value, 'registry': registry, 'batch': batch, 'file': file, 'record': record, 'as_of': as_of,
                'is_stale': is_stale
            }
            order by place
        ) as others
    from beside
    group by entity_key
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
