-- Grain: owner of animals who is in neither the population registry nor the business register. Key: owner_key.
-- Inputs: stage_population, stage_business_register, placed_livestock.
select
    'person' as subject_kind,
    a.owner_key::varchar as subject_key,
    min(a.okrug_kato) as okrug_kato,
    null as left_file,
    null as left_record,
    null as left_value,
    null as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    count(*)::varchar as right_value,
    max(a.reported_on) as right_date,
    1 as people,
    null as tenge,
    count(*) as affected
from placed_livestock as a
anti join stage_population as p on a.owner_key = p.person_key
anti join stage_business_register as b on a.owner_key = b.organisation_key
where a.owner_key is not null
group by a.owner_key
