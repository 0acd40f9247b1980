-- Grain: settlement whose water main is reported as built and whose passport shows none. Key: settlement's KATO.
-- Inputs: placed_road_map, placed_housing.
select
    'settlement' as subject_kind,
    h.kato as subject_key,
    any_value(h.okrug_kato) as okrug_kato,
    any_value(h._file) as left_file,
    any_value(h._record) as left_record,
    any_value(h.water) as left_value,
    max((h.month || '-01')::date) as left_date,
    first(r._file order by r._file, r._record) as right_file,
    first(r._record order by r._file, r._record) as right_record,
    first(r.item_number order by r._file, r._record) as right_value,
    max(r.done_on) as right_date,
    null as people,
    sum(r.spent_thousand_kzt) * 1000 as tenge,
    null as affected
from placed_road_map as r
inner join placed_housing as h on r.kato = h.kato
where r.status = 'done' and regexp_matches(lower(r.measure), 'водопровод|су құбыр') and h.water <> 'central'
group by h.kato
