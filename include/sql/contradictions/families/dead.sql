-- Family: a row of ${registry} whose person is dead. Grain: subject, after the first of its rows by file and record.
-- Inputs: placed_population, stage_${registry}.
-- Parameters: ${subject}, its kind; ${key}, ${value}, ${date}, ${amount_kzt}, ${quantity}, expressions over the
-- row `a`, the window `subject` (all rows of the subject) and the dead person `d`; ${person}, the column with the
-- person; ${condition}, which rows count.
select
    '${subject}' as subject_kind,
    (${key})::varchar as subject_key,
    d.okrug_kato,
    d._file as left_file,
    d._record as left_record,
    d.death_date::varchar as left_value,
    d.death_date as left_date,
    a._file as right_file,
    a._record as right_record,
    (${value})::varchar as right_value,
    ${date} as right_date,
    1 as people,
    ${amount_kzt} as tenge,
    ${quantity} as affected
from placed_population as d
inner join stage_${registry} as a on d.person_key = a.${person}
where d.death_date is not null and ${condition}
window subject as (partition by ${key})
