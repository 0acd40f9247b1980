-- Grain: school and class level. Key: school_bin, class_level_name. Inputs: typed (education).
-- Level 0 is the class before school. Places and teachers are those of the whole school and repeat on each level.
select
    school_bin,
    homoglyphs_to_cyrillic(school_name) as school_name,
    kato,
    class_level_name,
    case
        when lower(class_level_name) in ('предшкола', 'мектепалды', '0') then 0
        when regexp_full_match(class_level_name, '[1-9]|1[01]') then class_level_name::integer
    end as class_level,
    pupils,
    class_sets,
    design_places,
    teachers,
    case
        when regexp_matches(lower(language_name), '^(казах|қазақ)') then 'kk'
        when regexp_matches(lower(language_name), '^(рус|орыс)') then 'ru'
        when regexp_matches(lower(language_name), '^(смеш|аралас)') then 'mixed'
    end as language,
    parse_month(month) as month,
    ${row_origin}
from typed
