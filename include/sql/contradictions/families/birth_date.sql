-- Family: a person whose birth date in ${registry} is not that of the population registry.
-- Grain: person, after the first of the rows by file and record. Inputs: placed_population, stage_${registry}.
-- Parameters: ${date}, an expression over the row `a` and the window `subject` (all rows of the person).
select
    'person' as subject_kind,
    a.person_key::varchar as subject_key,
    p.okrug_kato,
    p._file as left_file,
    p._record as left_record,
    p.birth_date::varchar as left_value,
    p.registered_from as left_date,
    a._file as right_file,
    a._record as right_record,
    a.birth_date::varchar as right_value,
    ${date} as right_date,
    1 as people,
    null as tenge,
    null as affected
from placed_population as p
inner join stage_${registry} as a on p.person_key = a.person_key
where p.birth_date <> a.birth_date
window subject as (partition by a.person_key)
