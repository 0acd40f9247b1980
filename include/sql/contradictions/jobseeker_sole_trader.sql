-- Grain: person registered as unemployed who is an active sole trader. Key: person_key.
-- Inputs: stage_business_register, placed_employment.
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    a.okrug_kato,
    b._file as left_file,
    b._record as left_record,
    b.status as left_value,
    b.registered_on as left_date,
    a._file as right_file,
    a._record as right_record,
    a.status as right_value,
    a.registered_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from stage_business_register as b
inner join placed_employment as a on b.organisation_key = a.person_key
where b.status = 'active' and b.kind = 'sole_trader' and a.status in ('SEEKING', 'UNEMPLOYED')
