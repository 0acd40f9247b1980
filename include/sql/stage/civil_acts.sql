-- Grain: act of civil status. Key: act_number. Inputs: typed (civil_acts).
-- The person: the child, the dead, the wife, the wife, the one who changed the name. The second: the mother, the
-- husband. The district is in the dictionary of ГБД ФЛ.
select
    act_number,
    kind_code,
    case kind_code
        when '1' then 'birth' when '2' then 'death' when '3' then 'marriage' when '4' then 'divorce'
        when '5' then 'name_change'
    end as kind,
    registered_on,
    strftime(registered_on, '%Y-%m') as month,
    event_on,
    iin,
    iin_is_valid(iin) as is_iin_valid,
    person_key(iin) as person_key,
    surname,
    given_name,
    birth_date,
    second_iin,
    person_key(second_iin) as second_person_key,
    office_name,
    district_code,
    settlement_name,
    rca,
    ${row_origin}
from typed
