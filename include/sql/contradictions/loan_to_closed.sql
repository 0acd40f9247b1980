-- Grain: loan given after the borrower was closed. Key: application_number.
-- Inputs: stage_business_register, placed_loans.
select
    'application' as subject_kind,
    a.application_number as subject_key,
    a.okrug_kato,
    b._file as left_file,
    b._record as left_record,
    b.closed_on::varchar as left_value,
    b.closed_on as left_date,
    a._file as right_file,
    a._record as right_record,
    a.lent_kzt::varchar as right_value,
    a.decided_on as right_date,
    null as people,
    a.lent_kzt as tenge,
    null as affected
from stage_business_register as b
inner join placed_loans as a on b.organisation_key = a.applicant_key
where b.status = 'closed' and a.decision = 'approved' and b.closed_on < a.decided_on
