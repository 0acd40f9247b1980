-- Grain: row of livestock. Key: _file, _record. Inputs: source_livestock, source_household_book, household_of_family.
-- Adds household_key: the household whose head owns the animal, by the book, else by the family card; null for the
-- animals of a farm (БИН) and of an owner who is not the head of a household.
select
    a.*,
    h.household_key
from source_livestock as a
left join (
    select
        head_key,
        min(household_key) as household_key
    from (
        select
            head_key,
            household_account as household_key
        from source_household_book
        where is_iin_valid
        union all
        select
            head_key,
            household_key
        from household_of_family
        where is_iin_valid and starts_with(household_key, 'family ')
    )
    group by head_key
) as h on a.owner_key = h.head_key
