-- Grain: payer closed before the month that is still charged in it. Key: payer_key.
-- Inputs: stage_business_register, placed_taxes.
select
    'organisation' as subject_kind,
    a.payer_key::varchar as subject_key,
    any_value(a.okrug_kato) as okrug_kato,
    any_value(b._file) as left_file,
    any_value(b._record) as left_record,
    any_value(b.closed_on)::varchar as left_value,
    any_value(b.closed_on) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    sum(a.accrued_kzt)::varchar as right_value,
    max((a.month || '-01')::date) as right_date,
    null as people,
    sum(a.accrued_kzt) as tenge,
    null as affected
from stage_business_register as b
inner join placed_taxes as a on b.organisation_key = a.payer_key and a.payer_kind <> 'citizen'
where b.status = 'closed' and b.closed_on < (a.month || '-01')::date and a.accrued_kzt > 0
group by a.payer_key
