-- Grain: person paid in another okrug than that of registration. Key: person_key.
-- Inputs: placed_population, placed_social_assistance. Unplaced rows are left out.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    any_value(p.okrug_kato) as okrug_kato,
    any_value(p._file) as left_file,
    any_value(p._record) as left_record,
    any_value(p.okrug_kato) as left_value,
    any_value(p.registered_from) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    min(a.okrug_kato) as right_value,
    max(a.assigned_on) as right_date,
    1 as people,
    sum(a.amount_kzt) as tenge,
    null as affected
from placed_population as p
inner join placed_social_assistance as a on p.person_key = a.person_key
where p.is_alive and p.okrug_kato <> a.okrug_kato
group by a.person_key
