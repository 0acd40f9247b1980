-- Grain: row of business_register whose person is dead. Key: organisation_key.
-- Inputs: placed_population, stage_business_register.
select
    'sole_trader' as subject_kind,
    a.organisation_key::varchar as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    a.status as right_value,
    a.registered_on as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as d
inner join stage_business_register as a on d.person_key = a.organisation_key
where d.death_date is not null and a.status = 'active'
