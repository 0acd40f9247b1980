-- Grain: family that draws targeted assistance (АСП) assigned since September 2025 while a member has a loan of
-- the programme that runs. Key: family_account. Inputs: placed_social_assistance, stage_loans.
with family as (
    select
        family_account,
        count(*) as paid,
        sum(amount_kzt) as paid_kzt
    from placed_social_assistance
    where kind = 'АСП' and assigned_on >= date '2025-09-01'
    group by family_account
)

select
    'family' as subject_kind,
    a.family_account as subject_key,
    any_value(a.okrug_kato) as okrug_kato,
    first(l._file order by l._file, l._record) as left_file,
    first(l._record order by l._file, l._record) as left_record,
    sum(l.lent_kzt)::varchar as left_value,
    max(l.decided_on) as left_date,
    first(a._file order by a._file, a._record) as right_file,
    first(a._record order by a._file, a._record) as right_record,
    any_value(f.paid_kzt)::varchar as right_value,
    max(a.assigned_on) as right_date,
    any_value(f.paid) as people,
    any_value(f.paid_kzt) as tenge,
    null as affected
from family as f
inner join placed_social_assistance as a
    on f.family_account = a.family_account and a.kind = 'АСП' and a.assigned_on >= date '2025-09-01'
inner join stage_loans as l
    on a.person_key = l.applicant_key
    and l.decision = 'approved'
    and l.decided_on + to_months(l.term_months::integer) > getvariable('period_end')
group by a.family_account
