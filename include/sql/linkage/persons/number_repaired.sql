-- Grain: record whose number is one typing error from that of the only person with its name and birth date.
-- Key: record. Inputs: ${records}, ${known} (unique_id, number), their features ${records}_features, ${known}_features.
-- Output: record, person.
-- A typing error: one wrong digit, two neighbouring digits swapped, or leading zeros dropped by a spreadsheet. Name and
-- birth date must agree exactly, because one error in twelve digits turns many numbers into other valid ones.
select
    r.unique_id as record,
    min(k.unique_id) as person
from ${records} as r
inner join ${records}_features as rf on r.unique_id = rf.unique_id
inner join ${known}_features as kf
    on
        rf.born = kf.born and rf.surname = kf.surname and rf.given_name = kf.given_name
        and coalesce(rf.patronymic, '') in ('', coalesce(kf.patronymic, ''))
inner join ${known} as k on kf.unique_id = k.unique_id
where
    length(r.number) between 8 and 12 and r.number <> k.number
    and damerau_levenshtein(lpad(r.number, 12, '0'), k.number) <= 1
group by r.unique_id
having count(distinct k.unique_id) = 1
