-- Grain: row of pets whose person is dead. Key: chip.
-- Inputs: placed_population, stage_pets.
select
    'animal' as subject_kind,
    a.chip as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    a.species as right_value,
    a.registered_on as right_date,
    1 as people,
    null as tenge,
    1 as affected
from placed_population as d
inner join stage_pets as a on d.person_key = a.owner_key
where d.death_date is not null and a.status = 'alive'
