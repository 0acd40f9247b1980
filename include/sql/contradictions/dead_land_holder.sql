-- Grain: row of land whose person is dead. Key: cadastral_number.
-- Inputs: placed_population, stage_land.
select
    'plot' as subject_kind,
    a.cadastral_number as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    a.land_right as right_value,
    a.registered_on as right_date,
    1 as people,
    null as tenge,
    a.area_ha as affected
from placed_population as d
inner join stage_land as a on d.person_key = a.holder_key
where d.death_date is not null
