-- Grain: closed organisation that animals still stand under. Key: owner_key.
-- Inputs: stage_business_register, placed_livestock.
select
    'organisation' as subject_kind,
    a.owner_key::varchar as subject_key,
    min(a.okrug_kato) as okrug_kato,
    any_value(b._file) as left_file,
    any_value(b._record) as left_record,
    any_value(b.closed_on)::varchar as left_value,
    any_value(b.closed_on) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    count(*)::varchar as right_value,
    max(a.reported_on) as right_date,
    null as people,
    null as tenge,
    count(*) as affected
from stage_business_register as b
inner join placed_livestock as a on b.organisation_key = a.owner_key
-- a closed sole trader keeps the own animals as a person
where b.status = 'closed' and b.kind <> 'sole_trader'
group by a.owner_key
