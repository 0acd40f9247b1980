-- Grain: application, neither refused nor withdrawn, handed in after the applicant was closed. Key: document_number.
-- Inputs: stage_business_register, placed_subsidies.
select
    'application' as subject_kind,
    a.document_number as subject_key,
    a.okrug_kato,
    b._file as left_file,
    b._record as left_record,
    b.closed_on::varchar as left_value,
    b.closed_on as left_date,
    a._file as right_file,
    a._record as right_record,
    a.status as right_value,
    a.submitted_on as right_date,
    null as people,
    a.amount_kzt as tenge,
    null as affected
from stage_business_register as b
inner join placed_subsidies as a on b.organisation_key = a.applicant_key
where b.status = 'closed' and b.closed_on < a.submitted_on and a.status not in ('refused', 'withdrawn')
