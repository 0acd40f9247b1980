-- Grain: household whose land differs by more than a hundredth of a hectare and a twentieth from the homesteads
-- of its head. Key: household_account. Inputs: stage_land, placed_household_book.
select
    'household' as subject_kind,
    h.household_account as subject_key,
    any_value(h.okrug_kato) as okrug_kato,
    first(l._file order by l._file, l._record) as left_file,
    first(l._record order by l._file, l._record) as left_record,
    sum(l.area_ha)::varchar as left_value,
    max(l.registered_on) as left_date,
    any_value(h._file) as right_file,
    any_value(h._record) as right_record,
    any_value(h.land_ha)::varchar as right_value,
    any_value(h.visited_on) as right_date,
    null as people,
    null as tenge,
    abs(any_value(h.land_ha) - sum(l.area_ha)) as affected
from stage_land as l
inner join placed_household_book as h on l.holder_key = h.head_key
where l.purpose = 'homestead'
group by h.household_account
having abs(any_value(h.land_ha) - sum(l.area_ha)) > greatest(0.01, 0.05 * sum(l.area_ha))
