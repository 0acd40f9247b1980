-- Grain: row of employment that stands in another okrug than its person is registered in. Key: person_key.
-- Inputs: placed_population, placed_employment. Unplaced rows are left out.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    p.okrug_kato,
    p._file as left_file,
    p._record as left_record,
    p.okrug_kato as left_value,
    p.registered_from as left_date,
    a._file as right_file,
    a._record as right_record,
    a.okrug_kato as right_value,
    a.registered_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as p
inner join placed_employment as a on p.person_key = a.person_key
where p.is_alive and p.okrug_kato <> a.okrug_kato and a.status in ('SEEKING', 'UNEMPLOYED')
