-- Grain: row of social_assistance. Key: _file, _record. Inputs: source_social_assistance, household_of_family.
-- Adds household_key by the number of the family; null for a recipient without one.
select
    a.*,
    coalesce(f.household_key, 'family ' || a.family_account) as household_key
from source_social_assistance as a
left join (
    select
        family_account,
        min(household_key) as household_key
    from household_of_family
    group by family_account
) as f on a.family_account = f.family_account
