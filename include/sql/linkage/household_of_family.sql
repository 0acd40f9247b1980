-- Grain: row of family_card. Key: _file, _record. Inputs: source_family_card, source_household_book.
-- Adds household_key: the account of the household with the same head in the book, the lower one of two. If the head is
-- not in the book: «family <account>».
select
    f.*,
    coalesce(b.household_account, 'family ' || f.family_account) as household_key
from source_family_card as f
left join (
    select
        head_key,
        min(household_account) as household_account
    from source_household_book
    where is_iin_valid
    group by head_key
) as b on f.head_key = b.head_key and f.is_iin_valid
