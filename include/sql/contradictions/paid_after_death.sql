-- Grain: person paid for a month that begins after the death. Key: person_key.
-- Inputs: placed_population, stage_social_assistance.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    any_value(d.okrug_kato) as okrug_kato,
    any_value(d._file) as left_file,
    any_value(d._record) as left_record,
    any_value(d.death_date)::varchar as left_value,
    any_value(d.death_date) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    string_agg(a.kind, ', ' order by a.kind) as right_value,
    max((a.month || '-01')::date) as right_date,
    1 as people,
    sum(a.amount_kzt) as tenge,
    null as affected
from placed_population as d
inner join stage_social_assistance as a on d.person_key = a.person_key
where d.death_date < (a.month || '-01')::date
group by a.person_key
