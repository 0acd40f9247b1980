-- Grain: household with another number of members in the book than on the card of its head's family.
-- Key: household_account. Inputs: placed_household_book, stage_family_card.
select
    'household' as subject_kind,
    h.household_account as subject_key,
    h.okrug_kato,
    f._file as left_file,
    f._record as left_record,
    f.members::varchar as left_value,
    f.assessed_on as left_date,
    h._file as right_file,
    h._record as right_record,
    h.members::varchar as right_value,
    h.visited_on as right_date,
    abs(h.members - f.members) as people,
    null as tenge,
    null as affected
from placed_household_book as h
inner join stage_family_card as f on h.head_key = f.head_key
where h.members <> f.members
