-- Grain: person with a disability. Key: iin. Inputs: typed (disability).
-- Groups come as Roman and Arabic numerals and words of both languages; a Kazakh І passes for a Roman one.
select
    iin,
    iin_is_valid(iin) as is_iin_valid,
    person_key(iin) as person_key,
    case_number,
    surname,
    given_name,
    birth_date,
    case
        when regexp_matches(lower(group_name), 'реб[её]н|бала') then 'child'
        when regexp_matches(translate(upper(group_name), 'І', 'I'), '^(III|3)( |$)') then '3'
        when regexp_matches(translate(upper(group_name), 'І', 'I'), '^(II|2)( |$)') then '2'
        when regexp_matches(translate(upper(group_name), 'І', 'I'), '^(I|1)( |$)') then '1'
    end as disability_group,
    case
        when regexp_matches(lower(cause), 'общ|жалпы') then 'illness'
        when regexp_matches(lower(cause), 'детств|бала') then 'from_childhood'
        when regexp_matches(lower(cause), 'труд|еңбек') then 'work_injury'
        when regexp_matches(lower(cause), 'воен|әскер') then 'military_service'
        when cause is not null then 'other'
    end as cause,
    established_on,
    read_date(valid_until) as valid_until_on,
    regexp_matches(lower(valid_until), 'бессроч|мерзімсіз') as is_indefinite,
    kato,
    settlement_name,
    ${row_origin}
from typed
