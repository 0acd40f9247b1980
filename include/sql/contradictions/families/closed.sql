-- Family: a row of ${registry} under an organisation that is closed in the business register.
-- Grain: subject, after the first of its rows by file and record. Inputs: stage_business_register, placed_${registry}.
-- Parameters: ${subject}, its kind; ${key}, ${okrug}, ${value}, ${date}, ${amount_kzt}, ${quantity}, expressions over
-- the row `a` and the window `subject` (all rows of the subject); ${organisation}, ${holder}, the columns of both
-- sides with the organisation; ${condition}, which rows count, over `a` and the organisation `b`.
select
    '${subject}' as subject_kind,
    (${key})::varchar as subject_key,
    ${okrug} as okrug_kato,
    b._file as left_file,
    b._record as left_record,
    b.closed_on::varchar as left_value,
    b.closed_on as left_date,
    a._file as right_file,
    a._record as right_record,
    (${value})::varchar as right_value,
    ${date} as right_date,
    null as people,
    ${amount_kzt} as tenge,
    ${quantity} as affected
from stage_business_register as b
inner join placed_${registry} as a on b.${organisation} = a.${holder}
where b.status = 'closed' and ${condition}
window subject as (partition by ${key})
