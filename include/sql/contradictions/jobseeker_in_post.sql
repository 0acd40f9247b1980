-- Grain: person registered as unemployed who holds a post. Key: person_key.
-- Inputs: stage_civil_service, placed_employment.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    any_value(a.okrug_kato) as okrug_kato,
    first(s._file order by s.post_number) as left_file,
    first(s._record order by s.post_number) as left_record,
    first(s.post order by s.post_number) as left_value,
    min(s.appointed_on) as left_date,
    any_value(a._file) as right_file,
    any_value(a._record) as right_record,
    any_value(a.status) as right_value,
    any_value(a.registered_on) as right_date,
    1 as people,
    sum(s.pay_kzt) as tenge,
    null as affected
from stage_civil_service as s
inner join placed_employment as a on s.person_key = a.person_key
where not s.is_vacant and a.status in ('SEEKING', 'UNEMPLOYED')
group by a.person_key
