-- Grain: okrug whose schools have more pupils than children of 6 to 17 years are registered, by a tenth and five.
-- Key: okrug_kato. Inputs: placed_population, placed_education.
with child as (
    select
        okrug_kato,
        count(*) as children
    from placed_population
    where is_alive and birth_date > getvariable('period_end') - to_years(18)
    and birth_date <= getvariable('period_end') - to_years(6)
    group by okrug_kato
),

school as (
    select
        okrug_kato,
        sum(pupils)::bigint as pupils,
        max(month) as month,
        first(_file order by _file, _record) as _file,
        first(_record order by _file, _record) as _record
    from placed_education
    where class_level > 0 and okrug_kato is not null
    group by okrug_kato
)

select
    'okrug' as subject_kind,
    e.okrug_kato as subject_key,
    e.okrug_kato,
    null as left_file,
    null as left_record,
    coalesce(c.children, 0)::varchar as left_value,
    getvariable('period_end') as left_date,
    e._file as right_file,
    e._record as right_record,
    e.pupils::varchar as right_value,
    (e.month || '-01')::date as right_date,
    e.pupils - coalesce(c.children, 0) as people,
    null as tenge,
    null as affected
from school as e
left join child as c on e.okrug_kato = c.okrug_kato
where e.pupils > 1.1 * coalesce(c.children, 0) + 5
