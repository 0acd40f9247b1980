-- Grain: record whose number is one slip from that of the only person of its name and birth date. Key: record.
-- Inputs: ${records}, ${known} (unique_id, number), and their features as ${records}_features, ${known}_features.
-- Answer: record, person.
-- A slip: one digit is another, two neighbours changed places, or a spreadsheet dropped leading zeros. Name and birth
-- date must agree wholly, since one slip in twelve digits leads from many numbers to many others.
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
