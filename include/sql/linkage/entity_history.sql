-- Grain: entity, attribute, value, valid time and recorded time. Key: entity_key, attribute, valid_from, recorded_from.
-- Inputs: recorded (the sets of all periods and versions, with period_no and version_no in order, and recorded_from,
-- recorded_to of the version), known_period (period_no, first_day; one more than there are sets, for the day after the
-- last).
-- Valid time: from the registry's date, or the first day of the first period with the value, until the next value;
-- null: until now. Recorded time: from the first extract with the value until the correction that changes it; null:
-- until now. Consecutive months with the same value are one row; a corrected value has a row for its month.
with version_run as (
    select
        *,
        version_no - row_number() over (
            partition by entity_key, attribute, period_no, value order by version_no
        ) as run
    from recorded
),

stated as (
    select
        entity_key,
        attribute,
        period_no,
        value,
        min(recorded_from) as recorded_from,
        case when not bool_or(recorded_to is null) then max(recorded_to) end as recorded_to,
        arg_max(
            {
                'valid_from': valid_from, 'as_of': as_of, 'registry': registry, 'batch': batch, 'file': file,
                'record': record
            },
            version_no
        ) as source
    from version_run
    group by entity_key, attribute, period_no, value, run
),

period_run as (
    select
        *,
        period_no - row_number() over (partition by entity_key, attribute, value order by period_no) as run
    from stated
    where recorded_to is null
),

span as (
    select
        entity_key,
        attribute,
        value,
        min(period_no) as first_no,
        max(period_no) as last_no,
        min(recorded_from) as recorded_from,
        arg_min(source, period_no) as source
    from period_run
    group by entity_key, attribute, value, run
),

-- A registry's date counts if it is not after the period of the extract, and after the start of the previous value.
dated as (
    select
        s.*,
        f.first_day,
        case when s.source.valid_from < n.first_day then s.source.valid_from end as registry_date
    from span as s
    inner join known_period as f on s.first_no = f.period_no
    inner join known_period as n on s.first_no + 1 = n.period_no
),

began as (
    select
        * exclude (registry_date),
        case
            when registry_date is null then first_day
            when registry_date <= lag(greatest(first_day, registry_date)) over (
                partition by entity_key, attribute order by first_no
            ) then first_day
            else registry_date
        end as valid_from
    from dated
),

ended as (
    select
        b.*,
        lead(b.first_no) over (partition by b.entity_key, b.attribute order by b.first_no) as next_no,
        lead(b.valid_from) over (partition by b.entity_key, b.attribute order by b.first_no) as next_from,
        n.first_day as day_after,
        n.is_end
    from began as b
    inner join known_period as n on b.last_no + 1 = n.period_no
)

select
    entity_key,
    attribute,
    value,
    valid_from,
    case when next_no = last_no + 1 then next_from when not is_end then day_after end as valid_to,
    recorded_from,
    null::timestamptz as recorded_to,
    source.as_of,
    source.registry,
    source.batch,
    source.file,
    source.record
from ended
union all
select
    s.entity_key,
    s.attribute,
    s.value,
    coalesce(least(s.source.valid_from, f.first_day), f.first_day) as valid_from,
    n.first_day as valid_to,
    s.recorded_from,
    s.recorded_to,
    s.source.as_of,
    s.source.registry,
    s.source.batch,
    s.source.file,
    s.source.record
from stated as s
inner join known_period as f on s.period_no = f.period_no
inner join known_period as n on s.period_no + 1 = n.period_no
where s.recorded_to is not null
