-- Grain: okrug with rows in ${relation}, one registry; kato NULL for the rows without an okrug (level 'unplaced'), and
-- for all rows together (level 'registry'). Key: level, kato.
-- Inputs: ${relation} (outcome, is_warned, filled, asked); ${place} with the okrug of each row by the key ${key}.
with placed as (
    select
        q.outcome,
        q.is_warned,
        q.filled,
        q.asked,
        l.okrug_kato
    from ${relation} as q
    left join ${place} as l on ${key} = l._key
),

counted as (
    select
        case when okrug_kato is null then 'unplaced' else 'okrug' end as level,
        okrug_kato as kato,
        *
    from placed
    union all by name
    select
        'registry' as level,
        null as kato,
        *
    from placed
)

select
    level,
    kato,
    count(*) as rows_in,
    count(*) filter (where outcome = 'staged') as staged,
    count(*) filter (where outcome in ('linkable', 'quarantined')) as quarantined,
    count(*) filter (where outcome = 'duplicate') as duplicates,
    count(*) filter (where is_warned) as warned,
    round(100.0 * sum(filled) / nullif(sum(asked), 0), 3) as completeness_pct,
    round(
        100.0 * count(*) filter (where outcome = 'staged' and not is_warned)
        / nullif(count(*) filter (where outcome <> 'duplicate'), 0), 3
    ) as validity_pct,
    round(100.0 * count(*) filter (where outcome = 'duplicate') / count(*), 3) as duplicates_pct
from counted
group by level, kato
order by level, kato
