-- Grain: family that draws targeted assistance (АСП) while its card says well-off or sufficient. Key: family_account.
-- Inputs: placed_family_card, stage_social_assistance.
select
    'family' as subject_kind,
    f.family_account as subject_key,
    any_value(f.okrug_kato) as okrug_kato,
    any_value(f._file) as left_file,
    any_value(f._record) as left_record,
    any_value(f.level) as left_value,
    any_value(f.assessed_on) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    sum(a.amount_kzt)::varchar as right_value,
    max(a.assigned_on) as right_date,
    count(*) as people,
    sum(a.amount_kzt) as tenge,
    null as affected
from placed_family_card as f
inner join stage_social_assistance as a on f.family_account = a.family_account and a.kind = 'АСП'
where f.level in ('A', 'B')
group by f.family_account
