-- Grain: respondent of a wave. Key: respondent_number. Inputs: typed (survey).
-- 99 is «hard to say»: no answer. The weight is the number of adults of the okrug that a respondent stands for.
select
    respondent_number,
    wave,
    homoglyphs_to_cyrillic(place_name) as place_name,
    trim(split_part(homoglyphs_to_cyrillic(place_name), ',', 1)) as district_name,
    nullif(trim(split_part(homoglyphs_to_cyrillic(place_name), ',', 2)), '') as okrug_name,
    case
        when regexp_matches(age_group_name, '^18') then '18-29'
        when regexp_matches(age_group_name, '^30') then '30-44'
        when regexp_matches(age_group_name, '^45') then '45-59'
        when regexp_matches(age_group_name, '^60') then '60+'
    end as age_group,
    case
        when regexp_matches(lower(sex_name), '^(муж|ер)') then 'm'
        when regexp_matches(lower(sex_name), '^(жен|әйел)') then 'f'
    end as sex,
    nullif(trust_score, 99) as trust_score,
    trust_score__text,
    nullif(roads_score, 99) as roads_score,
    roads_score__text,
    nullif(water_score, 99) as water_score,
    water_score__text,
    nullif(medicine_score, 99) as medicine_score,
    medicine_score__text,
    nullif(heard_score, 99) as heard_score,
    heard_score__text,
    weight_adults,
    ${row_origin}
from typed
