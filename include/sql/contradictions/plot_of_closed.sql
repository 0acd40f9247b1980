-- Grain: plot held by a closed organisation. Key: cadastral_number. Inputs: stage_business_register, placed_land.
select
    'plot' as subject_kind,
    l.cadastral_number as subject_key,
    l.okrug_kato,
    b._file as left_file,
    b._record as left_record,
    b.closed_on::varchar as left_value,
    b.closed_on as left_date,
    l._file as right_file,
    l._record as right_record,
    l.land_right as right_value,
    l.registered_on as right_date,
    null as people,
    null as tenge,
    l.area_ha as affected
from stage_business_register as b
inner join placed_land as l on b.bin = l.holder_bin
where b.status = 'closed'
