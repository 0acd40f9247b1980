-- Family: a row of ${registry} in another okrug than its person is registered in. Rows without an okrug are left out.
-- Grain: subject, after the first of its rows by file and record. Inputs: placed_population, placed_${registry}.
-- Parameters: ${subject}, its kind; ${key}, ${value}, ${date}, ${persons}, ${amount_kzt}, expressions over the row `a`
-- and the window `subject` (all rows of the subject); ${person}, the column with the person; ${condition}, which rows
-- count.
select
    '${subject}' as subject_kind,
    (${key})::varchar as subject_key,
    p.okrug_kato,
    p._file as left_file,
    p._record as left_record,
    p.okrug_kato as left_value,
    p.registered_from as left_date,
    a._file as right_file,
    a._record as right_record,
    ${value} as right_value,
    ${date} as right_date,
    ${persons} as people,
    ${amount_kzt} as tenge,
    null as affected
from placed_population as p
inner join placed_${registry} as a on p.person_key = a.${person}
where p.is_alive and p.okrug_kato <> a.okrug_kato and ${condition}
window subject as (partition by ${key})
